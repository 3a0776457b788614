import { type SQLWrapper, asc, eq, sql } from 'drizzle-orm';
import { readRows } from '../client/results.ts';
import type { Db } from '../client/client.ts';
import { whole } from '../client/decoders.ts';
import type { ProfileRow } from '../reads/profiles.ts';
import { type UserRow, accounts, userProfiles, users } from '../schema/tables.ts';
import { type Authorship, violatedConstraint, writeBatch } from './write-batch.ts';

export interface AdminOfAccount {
  /** Null: there is no such account. */
  accountId: number | null;
  user: UserRow | null;
}

export interface CreatedAdminRow {
  accountId: number | null;
  user: UserRow | null;
  /** False when the account had an administrator already. */
  created: boolean;
  /** The cache tags to invalidate once the batch has committed. */
  tags: string[];
}

const maxRetries = 3;
const usernameConstraints: readonly (string | null)[] = ['users_username_key', 'users_username_compared_key'];

/** Selects the user of the account's lowest-id profile whose user is staff or superuser. */
export async function selectAdminOfAccount(db: Db, accountNumber: string): Promise<AdminOfAccount> {
  return toAdmin(await selectAdmin(db, accountNumber));
}

/** Selects the account's lowest-id profile whose user is superuser. */
export async function selectPlatformAdminProfile(
  db: Db,
  accountNumber: string,
): Promise<{ accountId: number | null; profile: ProfileRow | null }> {
  const [row] = await selectFirstMember(db, accountNumber, users.isSuperuser);
  const profile = row?.profile && row.user && { account: row.account, profile: row.profile, user: row.user };
  return { accountId: row?.account.id ?? null, profile: profile ?? null };
}

/**
 * Creates the account's administrator with a profile, unless there is one: `<number>-admin` or the next free `-admin-2`,
 * `-admin-3`, … at `rootDomain`, staff and not superuser. Never adopts an existing user. Concurrent calls create one user.
 * Throws when others keep taking the names meanwhile.
 */
export async function createAdminUserRow(
  db: Db,
  author: Authorship,
  accountNumber: string,
  rootDomain: string,
): Promise<CreatedAdminRow> {
  for (let retries = 0; ; retries++) {
    try {
      return await tryCreateAdminUserRow(db, author, accountNumber, rootDomain);
    } catch (error) {
      if (retries === maxRetries || !usernameConstraints.includes(violatedConstraint(error))) throw error;
    }
  }
}

// The lock is a statement of its own: the insert needs a snapshot from after the lock, to see an administrator that another
// transaction created meanwhile.
async function tryCreateAdminUserRow(
  db: Db,
  author: Authorship,
  accountNumber: string,
  rootDomain: string,
): Promise<CreatedAdminRow> {
  const { created, admin, tags } = await writeBatch(db, author, {
    account: db
      .select({ id: accounts.id })
      .from(accounts)
      .where(eq(accounts.accountNumber, accountNumber))
      .for('update'),
    created: insertAdminUnlessPresent(db, accountNumber, rootDomain),
    admin: selectAdmin(db, accountNumber),
  });
  return { ...toAdmin(admin), created: readRows(created, { id: whole }).length > 0, tags };
}

function insertAdminUnlessPresent(db: Db, accountNumber: string, rootDomain: string) {
  const firstName = `${accountNumber}-admin`;
  return db.execute(sql`
    with recursive account_without_admin as (
      select id from accounts as a
      where account_number = ${accountNumber} and not exists (
        select from user_profiles as p join users as u on u.id = p.user_id
        where p.account_id = a.id and (u.is_staff or u.is_superuser)
      )
    ), tried (n, username) as (
      select 1, ${firstName}::text
      union all
      select n + 1, ${`${firstName}-`}::text || (n + 1) from tried
      where exists (
        select from users as u where u.username = tried.username or u.username_compared = tried.username
      )
    ), new_user as (
      insert into users (username, email, is_staff, is_superuser, is_active)
      select username, username || ${`@${rootDomain}`}::text, true, false, true
      from account_without_admin, (select username from tried order by n desc limit 1) as free
      returning id
    )
    insert into user_profiles (user_id, account_id)
    select new_user.id, account_without_admin.id from new_user, account_without_admin
    returning id`);
}

/** The statement that selects the account with its lowest profile whose user is staff or superuser. */
export function selectAdmin(db: Db, accountNumber: string) {
  return selectFirstMember(db, accountNumber, sql`(${users.isStaff} or ${users.isSuperuser})`);
}

function selectFirstMember(db: Db, accountNumber: string, condition: SQLWrapper) {
  const first = db
    .select({ id: userProfiles.id })
    .from(userProfiles)
    .innerJoin(users, eq(users.id, userProfiles.userId))
    .where(sql`${userProfiles.accountId} = ${accounts.id} and ${condition}`)
    .orderBy(asc(userProfiles.id))
    .limit(1)
    .as('first');
  return db
    .select({ account: accounts, profile: userProfiles, user: users })
    .from(accounts)
    .leftJoinLateral(first, sql`true`)
    .leftJoin(userProfiles, eq(userProfiles.id, first.id))
    .leftJoin(users, eq(users.id, userProfiles.userId))
    .where(eq(accounts.accountNumber, accountNumber));
}

function toAdmin([row]: Awaited<ReturnType<typeof selectAdmin>>): AdminOfAccount {
  return { accountId: row?.account.id ?? null, user: row?.user ?? null };
}
