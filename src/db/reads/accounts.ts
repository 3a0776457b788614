import { and, asc, eq, gt, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { whole } from '../client/decoders.ts';
import type { IdPage } from './lists.ts';
import { type AccountRow, accounts, userProfiles, users } from '../schema/tables.ts';

/** The configuration that decides which account the platform's administrator belongs to. */
export interface PlatformAccount {
  readonly adminUsername: string;
  readonly accountNumber: string;
}

// The bare column, as in the condition of the partial index.
const isDefault = sql`${accounts.isDefaultAccount}`;

export interface AccountForUser {
  /** `null`: there is no such user. */
  username: string | null;
  /** Id of the user's account; a session without foreign keys may not have loaded the account yet. */
  accountId: number | null;
  account: AccountRow | null;
}

export async function selectAccountByNumber(db: Db, accountNumber: string): Promise<AccountRow | null> {
  const [row] = await db.select().from(accounts).where(eq(accounts.accountNumber, accountNumber));
  return row ?? null;
}

export async function selectAccountByExternalId(db: Db, externalId: string): Promise<AccountRow | null> {
  const [row] = await db.select().from(accounts).where(eq(accounts.externalId, externalId));
  return row ?? null;
}

export async function selectDefaultAccount(db: Db): Promise<AccountRow | null> {
  const [row] = await db.select().from(accounts).where(isDefault);
  return row ?? null;
}

/**
 * The platform's account for its administrator; for anybody else the default account, if they have a profile there,
 * or the account of their lowest-id profile.
 */
export async function selectAccountForUser(
  db: Db,
  userId: number,
  platform: PlatformAccount,
): Promise<AccountForUser> {
  const [row] = await selectAccountsForUsers(db, platform, eq(users.id, userId));
  return row ?? { username: null, accountId: null, account: null };
}

/** The statement that selects the account of each user who meets the condition. */
export function selectAccountsForUsers(db: Db, platform: PlatformAccount, condition: SQL) {
  const platformAccount = db
    .select({ id: accounts.id })
    .from(accounts)
    .where(eq(accounts.accountNumber, platform.accountNumber));
  const defaultAccount = db.select({ id: accounts.id }).from(accounts).where(isDefault);
  const ownProfiles = () => db.select({ accountId: userProfiles.accountId }).from(userProfiles);
  const inDefaultAccount = ownProfiles().where(
    and(eq(userProfiles.userId, users.id), eq(userProfiles.accountId, defaultAccount)),
  );
  const first = ownProfiles().where(eq(userProfiles.userId, users.id)).orderBy(asc(userProfiles.id)).limit(1);

  const isPlatformAdmin = eq(users.username, platform.adminUsername);
  const accountId = sql<
    number | null
  >`case when ${isPlatformAdmin} then (${platformAccount}) else coalesce((${inDefaultAccount}), (${first})) end`;

  return db
    .select({ username: users.username, accountId: accountId.mapWith(whole), account: accounts })
    .from(users)
    .leftJoin(accounts, eq(accounts.id, accountId))
    .where(condition);
}

export interface MembershipsOfUser {
  readonly isKnown: boolean;
  /** In the order of the ids of the profiles. A null account: a session without foreign keys has yet to load it. */
  readonly memberships: { id: number; accountId: number; account: AccountRow | null }[];
}

/** The account with this number and the id of the user's profile in it; null for what is not there. */
export async function selectAccountWithProfile(
  db: Db,
  accountNumber: string,
  userId: number,
): Promise<{ account: AccountRow | null; userProfileId: number | null }> {
  const [row] = await db
    .select({ account: accounts, userProfileId: userProfiles.id })
    .from(accounts)
    .leftJoin(userProfiles, and(eq(userProfiles.accountId, accounts.id), eq(userProfiles.userId, userId)))
    .where(eq(accounts.accountNumber, accountNumber));
  return row ?? { account: null, userProfileId: null };
}

/** The user's profiles, by id, with their accounts: one page of them, or all. */
export async function selectAccountsOfUser(db: Db, userId: number, page: IdPage): Promise<MembershipsOfUser> {
  // The join cuts the page, where its index is in order.
  const memberships = db
    .select({ id: userProfiles.id, accountId: userProfiles.accountId })
    .from(userProfiles)
    .where(and(eq(userProfiles.userId, users.id), gt(userProfiles.id, page.afterId)))
    .orderBy(asc(userProfiles.id))
    .limit(page.limit)
    .as('memberships');
  const rows = await db
    .select({ id: memberships.id, accountId: memberships.accountId, account: accounts })
    .from(users)
    .leftJoinLateral(memberships, sql`true`)
    // Written as an array, so that no merge join walks all accounts up to the user's.
    .leftJoin(accounts, sql`${accounts.id} = any(array[${memberships.accountId}])`)
    .where(eq(users.id, userId))
    .orderBy(asc(memberships.id));
  return {
    isKnown: rows.length > 0,
    memberships: rows.flatMap(({ id, accountId, account }) =>
      id === null || accountId === null ? [] : { id, accountId, account },
    ),
  };
}
