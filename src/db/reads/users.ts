import { and, asc, eq, gt, sql } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import type { IdPage } from './lists.ts';
import { type UserRow, accounts, userProfiles, users } from '../schema/tables.ts';

export interface UsersOfAccount {
  /** `null`: there is no such account. */
  accountId: number | null;
  /** The members by the ids of their users; null: a session without foreign keys has not loaded the user yet. */
  members: { id: number; user: UserRow | null }[];
}

export async function selectUserById(db: Db, id: number): Promise<UserRow | null> {
  const [row] = await db.select().from(users).where(eq(users.id, id));
  return row ?? null;
}

export async function selectUserByUsername(db: Db, username: string): Promise<UserRow | null> {
  const [row] = await db.select().from(users).where(eq(users.username, username));
  return row ?? null;
}

export async function selectUserByExternalId(db: Db, externalId: string): Promise<UserRow | null> {
  const [row] = await db.select().from(users).where(eq(users.externalId, externalId));
  return row ?? null;
}

/** The users with a profile in the account, by id: one page of them, or all. */
export async function selectUsersOfAccount(
  db: Db,
  accountNumber: string,
  page?: IdPage,
): Promise<UsersOfAccount> {
  const members = membersOfAccount(db, page);
  const rows = await db
    .select({ accountId: accounts.id, userId: members.userId, user: users })
    .from(accounts)
    .leftJoinLateral(members, sql`true`)
    .leftJoin(users, eq(users.id, members.userId))
    .where(eq(accounts.accountNumber, accountNumber))
    .orderBy(asc(members.userId));
  return {
    accountId: rows[0]?.accountId ?? null,
    members: rows.flatMap(({ userId, user }) => (userId === null ? [] : { id: userId, user })),
  };
}

// The page is cut inside the join, where the index is in order; outside of it every page would sort the whole account.
function membersOfAccount(db: Db, page?: IdPage) {
  const afterId = page && gt(userProfiles.userId, page.afterId);
  const members = db
    .select({ userId: userProfiles.userId })
    .from(userProfiles)
    .where(and(eq(userProfiles.accountId, accounts.id), afterId))
    .orderBy(asc(userProfiles.userId))
    .$dynamic();
  return (page ? members.limit(page.limit) : members).as('members');
}
