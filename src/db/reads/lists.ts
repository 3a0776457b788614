import { and, type SQL, sql } from 'drizzle-orm';
import { type AnyPgColumn, unionAll } from 'drizzle-orm/pg-core';
import type { Db } from '../client/client.ts';
import { compareRows, isOnly, selectInIndexOrder } from './index-order.ts';
import { endOfPrefix } from './prefix.ts';
import { type AccountRow, accounts, type UserRow, users } from '../schema/tables.ts';
import { inBytes } from '../schema/columns.ts';

/** A row's place in a list. */
export interface Position {
  /** What the list is ordered by before the id; null when that is nothing. */
  readonly key: string | null;
  readonly id: number;
}

/** A page of all users or of all accounts. */
export interface ListPage<Field extends string> {
  /** Null: whether active or not. */
  readonly isActive: boolean | null;
  /** Those whose field begins with the text, in the order of the field's bytes; null: all, in the order of their ids. */
  readonly prefix: { readonly field: Field; readonly text: string } | null;
  /** Null: from the beginning. */
  readonly after: Position | null;
  readonly limit: number;
}

export type UserPage = ListPage<'username' | 'email'>;
export type AccountPage = ListPage<'companyName'>;

export function selectUsers(db: Db, page: UserPage): Promise<UserRow[]> {
  const { isActive, limit } = page;
  const keys = keysOf(users, page);
  const part = (active: boolean) =>
    db
      .select()
      .from(users)
      .where(isOnPage(isOnly(users.isActive, active), keys, page))
      .orderBy(users.isActive, ...keys)
      .limit(limit);
  if (isActive !== null) return selectInIndexOrder(db, part(isActive));
  const both = unionAll(part(true), part(false)).as('listed');
  const merged = db.select().from(both);
  return selectInIndexOrder(db, merged.orderBy(...keysOf(both, page)).limit(limit));
}

export function selectAccounts(db: Db, page: AccountPage): Promise<AccountRow[]> {
  const { isActive, limit } = page;
  const keys = keysOf(accounts, page);
  const part = (active: boolean) =>
    db
      .select()
      .from(accounts)
      .where(isOnPage(isOnly(accounts.isActive, active), keys, page))
      .orderBy(accounts.isActive, ...keys)
      .limit(limit);
  if (isActive !== null) return selectInIndexOrder(db, part(isActive));
  const both = unionAll(part(true), part(false)).as('listed');
  const merged = db.select().from(both);
  return selectInIndexOrder(db, merged.orderBy(...keysOf(both, page)).limit(limit));
}

/** What the list is ordered by: columns of the table, or of a subquery that has them. */
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
