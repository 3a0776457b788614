import { and, eq, not, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { flag, whole } from '../client/decoders.ts';
import {
  isOutOfReach,
  lockAccountsOfAdmin,
  NO_RIGHTS,
  type OutOfReach,
  type RightsLeft,
  takesLastAdmin,
} from './protected-users.ts';
import { type UserRow, users } from '../schema/tables.ts';
import {
  type Authorship,
  type Changes,
  isInState,
  type MetadataPatch,
  type RowState,
  toSet,
  writeBatch,
  type WriteOutcome,
} from './write-batch.ts';

export type UserRowChanges = Changes<
  Omit<UserRow, 'id' | 'dateJoined' | 'revision' | 'usernameCompared' | 'metadata'>
> & { readonly metadata?: MetadataPatch | null | undefined };

/** Conditions that a write to a user depends on. */
export interface UserConditions {
  /** States of the user that the writer has seen; null: any state. */
  readonly states: readonly RowState[] | null;
  /** Number of the only account that the writer sees; null: all accounts. */
  readonly onlyIn: string | null;
  /** Number of the platform account, which keeps a superuser. */
  readonly platformNumber: string;
  readonly outOfReach: OutOfReach;
  /** The write may take an account's last admin. */
  readonly mayTakeLastAdmin: boolean;
  /** Values that the user may keep, and that no user may newly get. */
  readonly kept?: KeptValues;
}

export type KeptValues = Partial<Record<'username' | 'email', string>>;

/** The outcome of a write to a user, and each obstacle that the batch found before the write. */
export interface UserWriteOutcome extends WriteOutcome<UserRow> {
  /** The user is in a state that the writer has seen. */
  readonly isSeen: boolean;
  /** The user is no member of the only account that the writer sees. */
  readonly isHidden: boolean;
  /** The user is also a member of an account that the writer does not see. */
  readonly isShared: boolean;
  /** The user has rights that the writer may not touch. */
  readonly isOutOfReach: boolean;
  /** The write would take an account's last admin. */
  readonly isLastAdmin: boolean;
  /** Number of the user's profiles. */
  readonly userProfiles: number;
}

/** Changes the user, unless one of the conditions forbids it. */
export async function changeUserRow(
  db: Db,
  author: Authorship,
  userId: number,
  changes: UserRowChanges,
  conditions: UserConditions,
): Promise<UserWriteOutcome> {
  const left = rightsLeft(changes);
  const { state, changed, tags } = await writeBatch(db, author, {
    ...lockUser(db, userId, left),
    state: selectState(db, userId, conditions, left),
    changed: db
      .update(users)
      .set(toSet(users, changes))
      .where(isAllowed(userId, conditions, left))
      .returning(),
  });
  const found = toState(state[0]);
  const [row] = changed;
  return { ...found, current: row ?? found.current, isDone: row !== undefined, tags };
}

/** Deletes the user and its profiles, unless one of the conditions forbids it. */
export async function deleteUserRow(
  db: Db,
  author: Authorship,
  userId: number,
  conditions: UserConditions,
): Promise<UserWriteOutcome> {
  const { state, deleted, tags } = await writeBatch(db, author, {
    ...lockUser(db, userId, NO_RIGHTS),
    state: selectState(db, userId, conditions, NO_RIGHTS),
    deleted: db
      .delete(users)
      .where(and(isAllowed(userId, conditions, NO_RIGHTS), not(hasMoreProfiles(MAX_DELETED_PROFILES))))
      .returning({ id: users.id }),
  });
  return { ...toState(state[0]), isDone: deleted.length > 0, tags };
}

/** Greatest number of profiles that Postgres deletes with a user within the deadline; each adds an entry to the audit log. */
export const MAX_DELETED_PROFILES = 10_000;

export function hasMoreProfiles(limit: number): SQL {
  return sql`exists (select from user_profiles as p where p.user_id = users.id offset ${limit}::int)`;
}

/** The outcome that deleting the user would have; deletes nothing. */
export async function selectUserDeletion(
  db: Db,
  userId: number,
  conditions: UserConditions,
): Promise<UserWriteOutcome> {
  const [row] = await selectState(db, userId, conditions, NO_RIGHTS);
  return { ...toState(row), isDone: false, tags: [] };
}

// A new profile takes a share lock on its user's row, so nobody can add a profile to a locked user. The locks are statements
// of their own because each statement sees what had committed when it began, and waiting for a lock takes time.
export function lockUser(db: Db, userId: number, left: RightsLeft) {
  return {
    user: db.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('update'),
    accounts: lockAccountsOfAdmin(db, eq(users.id, userId), left),
  };
}

export function selectState(db: Db, userId: number, conditions: UserConditions, left: RightsLeft) {
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

export function isAllowed(userId: number, conditions: UserConditions, left: RightsLeft): SQL | undefined {
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

function rightsLeft({ isStaff, isSuperuser, isActive }: UserRowChanges): RightsLeft {
  return {
    isStaff: isStaff === undefined ? sql`users.is_staff` : sql`${isStaff}::boolean`,
    isSuperuser: isSuperuser === undefined ? sql`users.is_superuser` : sql`${isSuperuser}::boolean`,
    isActive: isActive === undefined ? sql`users.is_active` : sql`${isActive}::boolean`,
  };
}

export function toState(row: Awaited<ReturnType<typeof selectState>>[number] | undefined) {
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
