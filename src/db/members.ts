import { and, eq } from 'drizzle-orm';
import type { Db } from './client.ts';
import { accounts, userProfiles, users } from './schema.ts';

/** Whether the user has a profile in the account. */
export async function selectIsMember(db: Db, accountNumber: string, userId: number): Promise<boolean> {
  const rows = await db
    .select({ id: userProfiles.id })
    .from(userProfiles)
    .innerJoin(accounts, eq(accounts.id, userProfiles.accountId))
    .where(and(eq(accounts.accountNumber, accountNumber), eq(userProfiles.userId, userId)));
  return rows.length > 0;
}

export interface MemberNamed {
  /** `null`: there is no such account. */
  accountId: number | null;
  /** `null`: none of its members has the name. */
  userId: number | null;
}

/** The account's member with this username. */
export async function selectMemberByUsername(
  db: Db,
  accountNumber: string,
  username: string,
): Promise<MemberNamed> {
  const [row] = await db
    .select({ accountId: accounts.id, userId: userProfiles.userId })
    .from(accounts)
    .leftJoin(users, eq(users.username, username))
    .leftJoin(userProfiles, and(eq(userProfiles.accountId, accounts.id), eq(userProfiles.userId, users.id)))
    .where(eq(accounts.accountNumber, accountNumber));
  return row ?? { accountId: null, userId: null };
}

/** Whether the profile is one of the account's. */
export async function selectIsProfileOfAccount(
  db: Db,
  accountNumber: string,
  userProfileId: number,
): Promise<boolean> {
  const rows = await db
    .select({ id: userProfiles.id })
    .from(userProfiles)
    .innerJoin(accounts, eq(accounts.id, userProfiles.accountId))
    .where(and(eq(userProfiles.id, userProfileId), eq(accounts.accountNumber, accountNumber)));
  return rows.length > 0;
}
