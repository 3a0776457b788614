import { and, asc, eq, sql } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { whole } from '../client/decoders.ts';
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

  const [row] = await db
    .select({ username: users.username, accountId: accountId.mapWith(whole), account: accounts })
    .from(users)
    .leftJoin(accounts, eq(accounts.id, accountId))
    .where(eq(users.id, userId));
  return row ?? { username: null, accountId: null, account: null };
}
