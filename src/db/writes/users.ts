import { and, eq, not, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { flag, whole } from '../client/decoders.ts';
import { lockAccountsOfAdmin, NO_RIGHTS, type RightsLeft, takesLastAdmin } from './last-admin.ts';
import { isOutOfReach, type OutOfReach } from './out-of-reach.ts';
import { type UserRow, users } from '../schema/tables.ts';
import { type Authorship, type Changes, isInState, type RowState, toSet, writeBatch } from './write-batch.ts';

export type UserValues = Changes<Omit<UserRow, 'id' | 'dateJoined' | 'revision' | 'usernameCompared'>>;

/** What a write to a user depends on. */
export interface UserConditions {
  /** What the writer has seen; null: whatever it is. */
  readonly states: readonly RowState[] | null;
  /** Number of the only account that the writer sees; null: all of them. */
  readonly onlyIn: string | null;
  /** Number of the account that keeps a superuser. */
  readonly platformNumber: string;
  readonly outOfReach: OutOfReach;
  /** The last admin is no exception. */
  readonly mayTakeLastAdmin: boolean;
  /** Values that are as good as what is there already, and for nothing new. */
  readonly kept?: KeptValues;
}

export type KeptValues = Partial<Record<'username' | 'email', string>>;

/** The user before a write, and what stands against the write. */
export interface UserState {
  /** Null: there is no such user. */
  readonly current: UserRow | null;
  readonly isSeen: boolean;
  /** No member of the only account that the writer sees. */
  readonly isHidden: boolean;
  /** A member of an account that the writer does not see. */
  readonly isShared: boolean;
  /** Has rights that the writer may not touch. */
  readonly isOutOfReach: boolean;
  readonly isLastAdmin: boolean;
  readonly userProfiles: number;
  readonly tags: string[];
}

export interface UserWrite extends UserState {
  /** The row as written or deleted; null when it was not. */
  readonly done: UserRow | null;
}

export async function updateUser(
  db: Db,
  author: Authorship,
  userId: number,
  changes: UserValues,
  conditions: UserConditions,
): Promise<UserWrite> {
  const left = rightsLeft(changes);
  const { results, tags } = await writeBatch(db, author, [
    ...prepareWrite(db, userId, conditions, left),
    db
      .update(users)
      .set(toSet(users, changes))
      .where(isAllowed(userId, conditions, left))
      .returning(),
  ]);
  return { ...toState(results[2][0]), done: results[3][0] ?? null, tags };
}

/** Deletes the user and its profiles. */
export async function deleteUser(
  db: Db,
  author: Authorship,
  userId: number,
  conditions: UserConditions,
): Promise<UserWrite> {
  const { results, tags } = await writeBatch(db, author, [
    ...prepareWrite(db, userId, conditions, NO_RIGHTS),
    db
      .delete(users)
      .where(and(isAllowed(userId, conditions, NO_RIGHTS), not(hasMoreProfiles(MAX_DELETED_PROFILES))))
      .returning(),
  ]);
  return { ...toState(results[2][0]), done: results[3][0] ?? null, tags };
}

/** As many profiles as go with a user within the deadline, each with an entry in the audit log. */
export const MAX_DELETED_PROFILES = 10_000;

function hasMoreProfiles(limit: number): SQL {
  return sql`exists (select from user_profiles as p where p.user_id = users.id offset ${limit}::int)`;
}

/** The user as its deletion would find it. */
export async function selectUserDeletion(
  db: Db,
  userId: number,
  conditions: UserConditions,
): Promise<UserWrite> {
  const [row] = await selectState(db, userId, conditions, NO_RIGHTS);
  return { ...toState(row), done: null, tags: [] };
}

// Nobody makes a locked user a member of anything, for a foreign key asks for a share of its row. Locks are statements
// of their own: the next one sees what was committed while they waited.
function prepareWrite(db: Db, userId: number, conditions: UserConditions, left: RightsLeft) {
  return [
    db.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('update'),
    lockAccountsOfAdmin(db, eq(users.id, userId), left),
    selectState(db, userId, conditions, left),
  ] as const;
}

function selectState(db: Db, userId: number, conditions: UserConditions, left: RightsLeft) {
  return db
    .select({
      user: users,
      isSeen: sql`${isInState(stateColumns, conditions.states) ?? sql`true`}`.mapWith(flag),
      isHidden: sql`${isHidden(conditions)}`.mapWith(flag),
      isShared: sql`${isShared(conditions)}`.mapWith(flag),
      isOutOfReach: sql`${isOutOfReach(conditions.outOfReach)}`.mapWith(flag),
      isLastAdmin: sql`${isLastAdmin(conditions, left)}`.mapWith(flag),
      userProfiles: sql`(select count(*) from user_profiles as p where p.user_id = users.id)`.mapWith(whole),
    })
    .from(users)
    .where(eq(users.id, userId));
}

function isAllowed(userId: number, conditions: UserConditions, left: RightsLeft): SQL | undefined {
  return and(
    eq(users.id, userId),
    isInState(stateColumns, conditions.states),
    not(isHidden(conditions)),
    not(isShared(conditions)),
    not(isOutOfReach(conditions.outOfReach)),
    not(isLastAdmin(conditions, left)),
    ...Object.entries(conditions.kept ?? {}).map(([name, value]) =>
      eq(users[name as keyof KeptValues], value),
    ),
  );
}

function isLastAdmin({ platformNumber, mayTakeLastAdmin }: UserConditions, left: RightsLeft): SQL {
  return mayTakeLastAdmin ? sql`false` : takesLastAdmin(platformNumber, left);
}

const stateColumns = { id: users.id, revision: users.revision, since: users.dateJoined };

function isHidden({ onlyIn }: UserConditions): SQL {
  return onlyIn === null ? sql`false` : sql`not ${isMember(sql`a.account_number = ${onlyIn}`)}`;
}

function isShared({ onlyIn }: UserConditions): SQL {
  return onlyIn === null ? sql`false` : isMember(sql`a.account_number <> ${onlyIn}`);
}

function isMember(condition: SQL): SQL {
  return sql`exists (
    select from user_profiles as p join accounts as a on a.id = p.account_id
    where p.user_id = users.id and ${condition})`;
}

function rightsLeft({ isStaff, isSuperuser, isActive }: UserValues): RightsLeft {
  return {
    isStaff: isStaff === undefined ? sql`users.is_staff` : sql`${isStaff}::boolean`,
    isSuperuser: isSuperuser === undefined ? sql`users.is_superuser` : sql`${isSuperuser}::boolean`,
    isActive: isActive === undefined ? sql`users.is_active` : sql`${isActive}::boolean`,
  };
}

function toState(row: Awaited<ReturnType<typeof selectState>>[number] | undefined) {
  if (row) {
    const { user, ...state } = row;
    return { current: user, ...state };
  }
  return {
    current: null,
    isSeen: false,
    isHidden: false,
    isShared: false,
    isOutOfReach: false,
    isLastAdmin: false,
    userProfiles: 0,
  };
}
