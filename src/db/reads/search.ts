import { sql, type SQL } from 'drizzle-orm';
import type { AnyPgColumn, PgTable } from 'drizzle-orm/pg-core';
import { runBatch } from '../client/batch.ts';
import type { Db } from '../client/client.ts';
import { whole } from '../client/decoders.ts';
import { isOnly } from './index-order.ts';
import { endOfListed, listed } from '../schema/columns.ts';
import {
  type AccountRow,
  accounts,
  searchedInAccount,
  searchedInUser,
  type UserRow,
  users,
} from '../schema/tables.ts';

/** The text that is searched for, and where. */
export interface Search {
  /** The terms with a blank between each two. */
  readonly phrase: string;
  /** A row is found if it has each of them: as any part of a text, or, where that has no trigrams, as the beginning of a word. */
  readonly terms: readonly { readonly text: string; readonly isPart: boolean }[];
  /** Greatest number of accounts, and of users. */
  readonly limit: number;
  /** Number of the only account that the caller sees, with its members; null: all. */
  readonly within: string | null;
}

/** A row, and how well it fits: 0 is a field that equals the phrase, 1 one that begins so, 2 a word that does, 3 any other. */
export interface Found<Row> {
  readonly row: Row;
  readonly rank: number;
}

export interface AllFound {
  /** The best of those that are found in the order of an index, and then the best of those that trigrams find. */
  readonly accounts: Found<AccountRow>[];
  readonly users: Found<UserRow>[];
}

/** So many rows of a table are looked through one by one. If the limit is among them, a term is so frequent that trigrams find too many. */
const NEAR = 1_000;
/** So many members of a bound caller's account are looked through one by one. */
const NEAR_MEMBERS = 20_000;
/** So many of the rows that trigrams find are ranked. */
const FAR = 1_000;

// Rows come by indexes, whatever the statistics say, and each by its id. Bitmaps are for trigrams alone.
const ALWAYS_OFF = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'jit'];
const OFF_FOR_NEAR = [...ALWAYS_OFF, 'enable_bitmapscan'];
const OFF_FOR_FAR = ['enable_indexscan', 'enable_indexonlyscan'];
const switchTo = (names: readonly string[], value: 'on' | 'off') =>
  sql.join(
    names.map((name) => sql`set_config(${name}, ${value}, true)`),
    sql`, `,
  );

/** Selects the accounts and the users that have all terms, without regard to case and accents. */
export async function selectFound(db: Db, search: Search): Promise<AllFound> {
  const { within } = search;
  const isMore = within === null ? undefined : sql`false`;
  const found = await runBatch(db, {
    near: db.execute(sql`select ${switchTo(OFF_FOR_NEAR, 'off')}`),
    nearAccounts: selectAccounts(
      db,
      search,
      within === null ? nearIn(ACCOUNTS, search) : ownAccount(within, search),
    ),
    nearUsers: selectUsers(db, search, within === null ? nearIn(USERS, search) : membersNear(within, search)),
    far: db.execute(sql`
      select set_config('edge_accounts.more_accounts', (${isMore ?? isRare(ACCOUNTS, search)})::text, true),
        set_config('edge_accounts.more_users', (${within === null ? isRare(USERS, search) : hasMoreMembers(within)})::text, true),
        ${switchTo(OFF_FOR_FAR, 'off')}, ${switchTo(['enable_bitmapscan'], 'on')}`),
    farAccounts: within === null ? selectAccounts(db, search, farIn(ACCOUNTS, search)) : undefined,
    farUsers: selectUsers(db, search, farIn(USERS, search, within)),
  });
  return {
    accounts: within === null ? [...found.nearAccounts, ...found.farAccounts] : found.nearAccounts,
    users: [...found.nearUsers, ...found.farUsers],
  };
}

/** The columns and words of a table that a search compares. */
interface Place {
  readonly name: string;
  readonly table: PgTable & { readonly id: AnyPgColumn; readonly isActive: AnyPgColumn };
  readonly text: SQL;
  /** The fields that a phrase may be or begin. */
  readonly fields: readonly SQL[];
  /** The columns by which an index is in order. */
  readonly inOrder: readonly AnyPgColumn[];
  /** The columns that have an index of their own for equal texts. */
  readonly unique: readonly AnyPgColumn[];
}

const ACCOUNTS: Place = {
  name: 'accounts',
  table: accounts,
  text: searchedInAccount(accounts),
  fields: [
    sql`${accounts.companyName}`,
    sql`${accounts.accountNumber}`,
    sql`replace(${accounts.accountNumber}, '-', '')`,
    sql`${accounts.externalId}`,
  ],
  inOrder: [accounts.companyName],
  unique: [accounts.accountNumber, accounts.externalId],
};

const USERS: Place = {
  name: 'users',
  table: users,
  text: searchedInUser(users),
  fields: [
    sql`${users.username}`,
    sql`${users.email}`,
    sql`${users.firstName} || ' ' || ${users.lastName}`,
    sql`${users.lastName}`,
    sql`${users.externalId}`,
  ],
  inOrder: [users.username, users.email],
  unique: [users.username, users.externalId],
};

function selectAccounts(db: Db, search: Search, ids: SQL) {
  return db
    .select({ row: accounts, rank: rankIn(ACCOUNTS, search).mapWith(whole).as('rank') })
    .from(accounts)
    .where(sql`${accounts.id} in (${ids})`)
    .orderBy(sql`rank`, listed(accounts.companyName), accounts.id)
    .limit(search.limit);
}

function selectUsers(db: Db, search: Search, ids: SQL) {
  return db
    .select({ row: users, rank: rankIn(USERS, search).mapWith(whole).as('rank') })
    .from(users)
    .where(sql`${users.id} in (${ids})`)
    .orderBy(sql`rank`, listed(users.username), users.id)
    .limit(search.limit);
}

function rankIn({ fields, text }: Place, { phrase }: Search): SQL {
  const sought = sql`public.folded_text(${phrase})`;
  const folded = sql.join(
    fields.map((field) => sql`public.folded_text(${field})`),
    sql`, `,
  );
  return sql`case
    when ${sought} in (${folded}) then 0
    when exists (select from unnest(array[${folded}]) as field where starts_with(field, ${sought})) then 1
    when strpos(${text}, ' ' || ${sought}) > 0 then 2
    else 3 end`;
}

/** True if the searched text has all terms. */
function hasAll(text: SQL, { terms }: Search): SQL {
  const conditions = terms.map(
    (term) => sql`${text} like public.search_pattern(${term.isPart ? '%' : '% '}, ${term.text})`,
  );
  return sql.join(conditions, sql` and `);
}

const union = (parts: readonly SQL[]) =>
  sql.join(
    parts.map((part) => sql`(${part})`),
    sql` union all `,
  );

/** The rows that are called so or whose names begin so, by indexes, and those of the first rows that have all terms. */
function nearIn(place: Place, search: Search): SQL {
  const { name, table, inOrder, unique } = place;
  const { phrase, limit } = search;
  const from = sql.raw(name);
  return union([
    ...unique.map((column) => sql`select id from ${from} where ${column} = ${phrase}`),
    ...inOrder.flatMap((column) =>
      [true, false].map((isActive) => {
        const isOnlyThese = isOnly(table.isActive, isActive);
        const key = listed(column);
        return sql`select id from ${from}
          where ${isOnlyThese} and ${key} >= ${listed(phrase)} and ${key} < ${endOfListed(phrase)}
          order by is_active, ${key}, id limit ${limit}`;
      }),
    ),
    firstIn(place, search),
  ]);
}

function firstIn({ name, text }: Place, search: Search): SQL {
  const from = sql.raw(name);
  return sql`select id from (select * from ${from} order by id limit ${NEAR}) as ${from}
    where ${hasAll(text, search)} limit ${search.limit}`;
}

/** True if trigrams may find more, and not too many. */
function isRare(place: Place, search: Search): SQL {
  return sql`select count(*) < ${search.limit} from (${firstIn(place, search)}) as found`;
}

function ownAccount(within: string, search: Search): SQL {
  return sql`select id from accounts where account_number = ${within} and ${hasAll(ACCOUNTS.text, search)}`;
}

const membersOf = (within: string, limit: number) => sql`
  select user_id from user_profiles
  where account_id = (select id from accounts where account_number = ${within}) order by user_id limit ${limit}`;

function membersNear(within: string, search: Search): SQL {
  return sql`select users.id from (${membersOf(within, NEAR_MEMBERS)}) as members
    join users on users.id = members.user_id where ${hasAll(USERS.text, search)}`;
}

function hasMoreMembers(within: string): SQL {
  return sql`select count(*) > ${NEAR_MEMBERS} from (${membersOf(within, NEAR_MEMBERS + 1)}) as members`;
}

/** Rows that trigrams find, if that was said to be worth while. Without trigrams the index would be read from end to end. */
function farIn({ name, table, text }: Place, search: Search, within: string | null = null): SQL {
  const trigrams = search.terms.map((term) => sql`public.has_trigrams(${term.text})`);
  const isMember = sql`exists (
    select from user_profiles where user_id = ${table.id}
      and account_id = (select id from accounts where account_number = ${within}))`;
  return sql`select id from ${sql.raw(name)}
    where (select current_setting(${`edge_accounts.more_${name}`})::boolean and (${sql.join(trigrams, sql` or `)}))
      and ${hasAll(text, search)}${within === null ? sql`` : sql` and ${isMember}`} limit ${FAR}`;
}
