import { and, asc, eq, gt, sql, type SQL } from 'drizzle-orm';
import type { Db } from './client.ts';
import type { Page } from './page.ts';
import {
  type AccountRow,
  type UserProfileRow,
  type UserRow,
  accounts,
  userProfiles,
  users,
} from './schema.ts';

/** A profile with the user and the account that it joins. */
export interface ProfileRow {
  profile: UserProfileRow;
  user: UserRow;
  account: AccountRow;
}

export interface ProfilesOfAccount {
  /** `null`: there is no such account, or no such profile. */
  accountId: number | null;
  profiles: ProfileRow[];
}

export async function selectProfileById(db: Db, id: number): Promise<ProfileRow | null> {
  const [row] = await selectProfiles(db, eq(userProfiles.id, id));
  return row ?? null;
}

/** The profiles of which the condition, on all three tables, is true. */
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
  page?: Page,
): Promise<ProfilesOfAccount> {
  const rows = await selectMembers(db, page).where(eq(accounts.accountNumber, accountNumber));
  return toProfiles(rows);
}

/** The profiles of the account that the profile belongs to, by id: one page of them, or all. */
export async function selectProfilesSharingAccount(
  db: Db,
  profileId: number,
  page?: Page,
): Promise<ProfilesOfAccount> {
  const accountOfProfile = db
    .select({ accountId: userProfiles.accountId })
    .from(userProfiles)
    .where(eq(userProfiles.id, profileId));
  const rows = await selectMembers(db, page).where(eq(accounts.id, accountOfProfile));
  return toProfiles(rows);
}

function selectMembers(db: Db, page?: Page) {
  const members = membersOfAccount(db, page);
  return db
    .select({ account: accounts, profile: userProfiles, user: users })
    .from(accounts)
    .leftJoinLateral(members, sql`true`)
    .leftJoin(userProfiles, eq(userProfiles.id, members.id))
    .leftJoin(users, eq(users.id, userProfiles.userId))
    .orderBy(asc(members.id))
    .$dynamic();
}

// The page is cut inside the join, where its index is in order; outside, every page would sort the whole account.
function membersOfAccount(db: Db, page?: Page) {
  const afterId = page && gt(userProfiles.id, page.afterId);
  const members = db
    .select({ id: userProfiles.id })
    .from(userProfiles)
    .where(and(eq(userProfiles.accountId, accounts.id), afterId))
    .orderBy(asc(userProfiles.id))
    .$dynamic();
  return (page ? members.limit(page.limit) : members).as('members');
}

function toProfiles(rows: Awaited<ReturnType<typeof selectMembers>>): ProfilesOfAccount {
  return {
    accountId: rows[0]?.account.id ?? null,
    profiles: rows.flatMap(({ account, profile, user }) =>
      profile && user ? { account, profile, user } : [],
    ),
  };
}
