import { and, asc, eq, gt, sql, type SQL } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { Db } from '../client/client.ts';
import type { IdPage } from './lists.ts';
import {
  type AccountRow,
  type UserProfileRow,
  type UserRow,
  accounts,
  userProfiles,
  users,
} from '../schema/tables.ts';

/** A profile with the user and the account that it joins. */
export interface ProfileRow {
  profile: UserProfileRow;
  user: UserRow;
  account: AccountRow;
}

/** A profile with the rows that it joins; null: a session without foreign keys has not loaded the row yet. */
export interface FoundProfile {
  profile: UserProfileRow;
  user: UserRow | null;
  account: AccountRow | null;
}

export interface ProfilesOfAccount {
  /** `null`: there is no such account, or no such profile. */
  accountId: number | null;
  /** Id of the profile's account, which a session without foreign keys has not loaded yet. */
  missingAccountId?: number | undefined;
  profiles: FoundProfile[];
}

export async function selectProfileById(db: Db, id: number): Promise<FoundProfile | null> {
  const [row] = await db
    .select({ profile: userProfiles, user: users, account: accounts })
    .from(userProfiles)
    .leftJoin(users, eq(users.id, userProfiles.userId))
    .leftJoin(accounts, eq(accounts.id, userProfiles.accountId))
    .where(eq(userProfiles.id, id));
  return row ?? null;
}

/** True if the profile's user and account are there. */
export function isWhole(found: FoundProfile): found is ProfileRow {
  return found.user !== null && found.account !== null;
}

/** The statement that selects the profiles which meet the condition on the three tables. */
export function selectProfiles(db: Db, condition: SQL | undefined) {
  return db
    .select({ profile: userProfiles, user: users, account: accounts })
    .from(userProfiles)
    .innerJoin(users, eq(users.id, userProfiles.userId))
    .innerJoin(accounts, eq(accounts.id, userProfiles.accountId))
    .where(condition);
}

/** The profiles of the account, by id: one page of them, or all. */
export async function selectProfilesOfAccount(
  db: Db,
  accountNumber: string,
  page?: IdPage,
): Promise<ProfilesOfAccount> {
  const members = membersOfAccount(db, page);
  const rows = await db
    .select({ accountId: accounts.id, account: accounts, profile: userProfiles, user: users })
    .from(accounts)
    .leftJoinLateral(members, sql`true`)
    .leftJoin(userProfiles, eq(userProfiles.id, members.id))
    .leftJoin(users, eq(users.id, userProfiles.userId))
    .where(eq(accounts.accountNumber, accountNumber))
    .orderBy(asc(members.id));
  return toProfiles(rows);
}

/** The profiles of the account that the profile belongs to, by id: one page of them, or all. */
export async function selectProfilesSharingAccount(
  db: Db,
  profileId: number,
  page?: IdPage,
): Promise<ProfilesOfAccount> {
  const asked = alias(userProfiles, 'asked');
  const members = membersOfAccount(db, page);
  const rows = await db
    .select({ accountId: asked.accountId, account: accounts, profile: userProfiles, user: users })
    .from(asked)
    .leftJoin(accounts, eq(accounts.id, asked.accountId))
    .leftJoinLateral(members, sql`true`)
    .leftJoin(userProfiles, eq(userProfiles.id, members.id))
    .leftJoin(users, eq(users.id, userProfiles.userId))
    .where(eq(asked.id, profileId))
    .orderBy(asc(members.id));
  return toProfiles(rows);
}

// The page is cut inside the join, where the index is in order; outside of it every page would sort the whole account.
function membersOfAccount(db: Db, page?: IdPage) {
  const afterId = page && gt(userProfiles.id, page.afterId);
  const members = db
    .select({ id: userProfiles.id })
    .from(userProfiles)
    .where(and(eq(userProfiles.accountId, accounts.id), afterId))
    .orderBy(asc(userProfiles.id))
    .$dynamic();
  return (page ? members.limit(page.limit) : members).as('members');
}

interface MemberRow {
  readonly accountId: number;
  readonly account: AccountRow | null;
  readonly profile: UserProfileRow | null;
  readonly user: UserRow | null;
}

function toProfiles(rows: readonly MemberRow[]): ProfilesOfAccount {
  const [first] = rows;
  return {
    accountId: first?.account?.id ?? null,
    missingAccountId: first?.account ? undefined : first?.accountId,
    profiles: rows.flatMap(({ account, profile, user }) => (profile ? { account, profile, user } : [])),
  };
}
