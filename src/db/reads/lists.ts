import { and, type InferSelectModel, type SQL, sql } from 'drizzle-orm';
import { type AnyPgColumn, type PgTable, unionAll } from 'drizzle-orm/pg-core';
import type { Db } from '../client/client.ts';
import { compareRows, isOnly, selectInIndexOrder } from './index-order.ts';
import { type AccountRow, accounts, type UserRow, users } from '../schema/tables.ts';
import { endOfListed, listed } from '../schema/columns.ts';

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
  /**
   * Selects rows whose field begins with the text, or, with `isWhole`, differs from it at most in case, in the order of the field
   * without case and accents; null: all rows, in the order of their ids.
   */
  readonly prefix: { readonly field: Field; readonly text: string; readonly isWhole?: boolean } | null;
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
      .where(isOnPage(table, isOnly(table.isActive, active), keys, page))
      .orderBy(table.isActive, ...keys)
      .limit(limit);
  const both = () => {
    const halves = unionAll(part(true), part(false)).as('halves');
    // The subquery has the columns of the table.
    const keysOfHalves = keysOf(halves as unknown as T, page);
    return db
      .select()
      .from(halves)
      .orderBy(...keysOfHalves)
      .limit(limit);
  };
  const rows = await selectInIndexOrder(db, isActive === null ? both() : part(isActive));
  // The rows have all columns of the table.
  return rows as InferSelectModel<T>[];
}

/** The columns that order the list, of the table or of a subquery that has them. */
function keysOf<F extends string>(table: Readonly<Record<F | 'id', AnyPgColumn>>, { prefix }: ListPage<F>) {
  return prefix ? [listed(table[prefix.field]), table.id] : [table.id];
}

function isOnPage<F extends string>(
  table: Readonly<Record<F, AnyPgColumn>>,
  isActive: SQL,
  keys: readonly (AnyPgColumn | SQL)[],
  { prefix, after }: ListPage<F>,
): SQL | undefined {
  const position = after && (prefix ? [listed(after.key ?? ''), after.id] : [after.id]);
  return and(
    isActive,
    position ? compareRows(keys, '>', position) : undefined,
    prefix ? and(...boundsOf(table[prefix.field], prefix, after !== null)) : undefined,
  );
}

function boundsOf(
  column: AnyPgColumn,
  { text, isWhole }: NonNullable<ListPage<string>['prefix']>,
  isAfter: boolean,
): (SQL | undefined)[] {
  const key = listed(column);
  const begin = isAfter ? undefined : sql`${key} >= ${listed(text)}`;
  if (!isWhole) return [begin, text === '' ? undefined : sql`${key} < ${endOfListed(text)}`];
  const isSame = sql`public.comparable_username(${column}) = public.comparable_username(${text})`;
  return [begin, sql`${key} <= ${listed(text)}`, isSame];
}
