import { and, eq } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { accounts, userProfiles, users } from '../schema/tables.ts';

export interface Membership {
  /** `null`: there is no such account. */
  readonly accountId: number | null;
  readonly isMember: boolean;
}

/** Selects whether the account has the profile, or a profile of the user. */
export async function selectMembership(
  db: Db,
  accountNumber: string,
  asked: { readonly userId: number } | { readonly userProfileId: number },
): Promise<Membership> {
  const isAsked =
    'userId' in asked ? eq(userProfiles.userId, asked.userId) : eq(userProfiles.id, asked.userProfileId);
  const [row] = await db
    .select({ accountId: accounts.id, profileId: userProfiles.id })
    .from(accounts)
    .leftJoin(userProfiles, and(eq(userProfiles.accountId, accounts.id), isAsked))
    .where(eq(accounts.accountNumber, accountNumber));
  return { accountId: row?.accountId ?? null, isMember: (row?.profileId ?? null) !== null };
}

export interface MemberNamed {
  /** `null`: there is no such account. */
  accountId: number | null;
  /** Null: none of the account's members has the name. */
  userId: number | null;
}

/** Selects the account's member with this username or external id. */
export async function selectMemberNamed(
  db: Db,
  accountNumber: string,
  named: 'username' | 'externalId',
  name: string,
): Promise<MemberNamed> {
  const [row] = await db
    .select({ accountId: accounts.id, userId: userProfiles.userId })
    .from(accounts)
    .leftJoin(users, eq(users[named], name))
    .leftJoin(userProfiles, and(eq(userProfiles.accountId, accounts.id), eq(userProfiles.userId, users.id)))
    .where(eq(accounts.accountNumber, accountNumber));
  return row ?? { accountId: null, userId: null };
}

/** Selects whether the account has this external id. */
export async function selectHasExternalId(
  db: Db,
  accountNumber: string,
  externalId: string,
): Promise<boolean> {
  const [row] = await db
    .select({ id: accounts.id })
    .from(accounts)
    .where(and(eq(accounts.accountNumber, accountNumber), eq(accounts.externalId, externalId)));
  return row !== undefined;
}
