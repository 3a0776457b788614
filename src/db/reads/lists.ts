import { and, type InferSelectModel, type SQL, sql } from 'drizzle-orm';
import { type AnyPgColumn, type PgTable, unionAll } from 'drizzle-orm/pg-core';
import type { Db } from '../client/client.ts';
import { compareRows, isOnly, selectInIndexOrder } from './index-order.ts';
import { type AccountRow, accounts, type UserRow, users } from '../schema/tables.ts';
import { inBytes } from '../schema/columns.ts';

/** A row's place in a list. */
export interface Position {
  /** The row's value of the text that orders the list before the id; null: the id alone orders it. */
  readonly key: string | null;
  readonly id: number;
}

/** A page of all users or of all accounts. */
export interface ListPage<Field extends string> {
  /** Null: active rows and others. */
  readonly isActive: boolean | null;
  /** Selects rows whose field begins with the text, in the order of the field's bytes; null: all rows, in the order of their ids. */
  readonly prefix: { readonly field: Field; readonly text: string } | null;
  /** Null: from the beginning. */
  readonly after: Position | null;
  readonly limit: number;
}

export type UserPage = ListPage<'username' | 'email'>;
export type AccountPage = ListPage<'companyName'>;

/** One page of a list that is ordered by ids: at most `limit` rows, with ids above `afterId`. */
export interface IdPage {
  readonly afterId: number;
  readonly limit: number;
}

export function selectUsers(db: Db, page: UserPage): Promise<UserRow[]> {
  return selectListed(db, users, page);
}

export function selectAccounts(db: Db, page: AccountPage): Promise<AccountRow[]> {
  return selectListed(db, accounts, page);
}

/** A table with a stretch of each index for active rows, and one for the others. */
type ListedTable<F extends string> = PgTable & Readonly<Record<F | 'id' | 'isActive', AnyPgColumn>>;

async function selectListed<F extends string, T extends ListedTable<F>>(
  db: Db,
  table: T,
  page: ListPage<F>,
): Promise<InferSelectModel<T>[]> {
  const { isActive, limit } = page;
  const keys = keysOf(table, page);
  const part = (active: boolean) =>
    db
      .select()
      .from<PgTable>(table)
      .where(isOnPage(isOnly(table.isActive, active), keys, page))
      .orderBy(table.isActive, ...keys)
      .limit(limit);
  const both = () => {
    const listed = unionAll(part(true), part(false)).as('listed');
    // The subquery has the columns of the table.
    const listedKeys = keysOf(listed as unknown as T, page);
    return db
      .select()
      .from(listed)
      .orderBy(...listedKeys)
      .limit(limit);
  };
  const rows = await selectInIndexOrder(db, isActive === null ? both() : part(isActive));
  // The rows have all columns of the table.
  return rows as InferSelectModel<T>[];
}

/** The columns that order the list, of the table or of a subquery that has them. */
function keysOf<F extends string>(table: Readonly<Record<F | 'id', AnyPgColumn>>, { prefix }: ListPage<F>) {
  return prefix ? [inBytes(table[prefix.field]), table.id] : [table.id];
}

function isOnPage(
  isActive: SQL,
  keys: readonly (AnyPgColumn | SQL)[],
  { prefix, after }: ListPage<string>,
): SQL | undefined {
  const [text] = keys;
  const end = prefix && endOfPrefix(prefix.text);
  return and(
    isActive,
    after ? compareRows(keys, '>', prefix ? [after.key ?? '', after.id] : [after.id]) : undefined,
    prefix && !after ? sql`${text} >= ${prefix.text}` : undefined,
    end === null ? undefined : sql`${text} < ${end}`,
  );
}

const LAST_CODE_POINT = 0x10ffff;
const BEFORE_SURROGATES = 0xd7ff;
const AFTER_SURROGATES = 0xe000;

/**
 * The least text that is greater than every text with the prefix, in the order of UTF-8's bytes, which is the order of code
 * points; null: there is none.
 */
function endOfPrefix(prefix: string): string | null {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? LAST_CODE_POINT;
    if (point < LAST_CODE_POINT) return points.join('') + String.fromCodePoint(nextOf(point));
  }
  return null;
}

function nextOf(point: number): number {
  return point === BEFORE_SURROGATES ? AFTER_SURROGATES : point + 1;
}
