import { and, eq, not, or, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { flag, whole } from '../client/decoders.ts';
import { claimIdempotencyKey, forgetUnanswered, type IdempotencyClaim, keepAnswer } from './idempotency.ts';
import {
  isOutOfReach,
  lockAccountsOfAdmin,
  NO_RIGHTS,
  type OutOfReach,
  takesLastAdmin,
} from './protected-users.ts';
import { type ProfileRow, selectProfiles } from '../reads/profiles.ts';
import { accounts, userProfiles, users, type UserProfileRow } from '../schema/tables.ts';
import { readRow } from '../client/results.ts';
import {
  type Authorship,
  type Changes,
  type CreateOutcome,
  isInState,
  type RowState,
  toSet,
  type Values,
  writeBatch,
  type WriteOutcome,
} from './write-batch.ts';

export type ProfileValues = Values<Pick<UserProfileRow, 'name' | 'profileImageUrl' | 'isTest'>>;

export interface NewProfileRow extends ProfileValues {
  readonly userId: number;
  readonly accountNumber: string;
}

/** One state of a profile, and of the user and the account that it was shown with. */
export interface ProfileState {
  readonly profile: RowState;
  readonly user?: RowState | undefined;
  readonly account?: RowState | undefined;
}

export interface CreatedProfileRow {
  /** Null when the user or the account is unknown, or the user out of the writer's reach. */
  readonly profile: ProfileRow | null;
  readonly isUserKnown: boolean;
  readonly isAccountKnown: boolean;
}

/** Conditions that the end of a membership depends on. */
export interface ProfileConditions {
  /** States of the profile that the writer has seen; null: any state. */
  readonly states: readonly ProfileState[] | null;
  /** Number of the platform account, which keeps a superuser. */
  readonly platformNumber: string;
  readonly outOfReach: OutOfReach;
  /** The deletion may take an account's last admin. */
  readonly mayTakeLastAdmin: boolean;
}

/** The outcome of a deletion, and each obstacle that the batch found before it. */
export interface ProfileDeletion extends WriteOutcome<ProfileRow> {
  /** The profile is in a state that the writer has seen. */
  readonly isSeen: boolean;
  readonly isOutOfReach: boolean;
  readonly isLastAdmin: boolean;
}

/** Creates the profile unless its user is out of the writer's reach, and stores it as the answer to the claim. */
export async function createProfileRow(
  db: Db,
  author: Authorship,
  profile: NewProfileRow,
  outOfReach: OutOfReach,
  claim: IdempotencyClaim | null,
): Promise<CreateOutcome<CreatedProfileRow>> {
  const { userId, accountNumber } = profile;
  const isSame = and(eq(userProfiles.userId, userId), eq(accounts.accountNumber, accountNumber));
  const { created, current, known, tags } = await writeBatch(db, author, {
    ...(claim && claimIdempotencyKey(db, claim)),
    created: db.execute(insertIfAllowed(profile, outOfReach)),
    current: selectProfiles(db, isSame),
    known: db.execute(sql`
      select exists (select from users where id = ${userId}) as "isUserKnown",
        exists (select from accounts where account_number = ${accountNumber}) as "isAccountKnown"`),
    ...(claim && {
      kept: keepAnswer(db, claim, selectSnapshot(userId, accountNumber, outOfReach)),
      unanswered: forgetUnanswered(db, claim),
    }),
  });
  // Without a row that this write inserted, the selected profile was there before.
  const isCreated = whole(created.rowCount) > 0;
  const subjects = readRow(known, { isUserKnown: flag, isAccountKnown: flag });
  return { value: { profile: (isCreated && current[0]) || null, ...subjects }, tags };
}

/** Changes the profile if it is in one of the states. */
export async function changeProfileRow(
  db: Db,
  author: Authorship,
  profileId: number,
  changes: Changes<ProfileValues>,
  states: readonly ProfileState[] | null,
): Promise<WriteOutcome<ProfileRow>> {
  const isAsked = eq(userProfiles.id, profileId);
  const { changed, current, tags } = await writeBatch(db, author, {
    changed: db
      .update(userProfiles)
      .set(toSet(userProfiles, changes))
      .where(and(isAsked, isInOneOf(states)))
      .returning({ id: userProfiles.id }),
    current: selectProfiles(db, isAsked),
  });
  return { isDone: changed.length > 0, current: current[0] ?? null, tags };
}

/** Deletes the profile, unless one of the conditions forbids it. */
export async function deleteProfileRow(
  db: Db,
  author: Authorship,
  profileId: number,
  conditions: ProfileConditions,
): Promise<ProfileDeletion> {
  const isAsked = eq(userProfiles.id, profileId);
  const isProtected = sql`exists (
    select from users where users.id = ${userProfiles.userId} and (
      ${isOutOfReach(conditions.outOfReach)} or ${takesAdmin(conditions, profileId)}))`;
  const { state, deleted, tags } = await writeBatch(db, author, {
    // The lock keeps the user's rights as they are until the end of the batch.
    user: db
      .select({ id: users.id })
      .from(users)
      .where(sql`${users.id} = (select user_id from user_profiles where ${isAsked})`)
      .for('no key update'),
    accounts: lockAccountsOfAdmin(db, isAsked, NO_RIGHTS),
    state: selectState(db, profileId, conditions),
    deleted: db
      .delete(userProfiles)
      .where(and(isAsked, isInOneOf(conditions.states), not(isProtected)))
      .returning({ id: userProfiles.id }),
  });
  return { ...toDeletion(state[0]), isDone: deleted.length > 0, tags };
}

/** The outcome that deleting the profile would have; deletes nothing. */
export async function selectProfileDeletion(
  db: Db,
  profileId: number,
  conditions: ProfileConditions,
): Promise<ProfileDeletion> {
  const [row] = await selectState(db, profileId, conditions);
  return { ...toDeletion(row), isDone: false, tags: [] };
}

// The statement locks the user and the account, so that neither is deleted before the profile is there.
function insertIfAllowed(profile: NewProfileRow, outOfReach: OutOfReach): SQL {
  const { userId, accountNumber, name, profileImageUrl, isTest } = profile;
  return sql`
    insert into user_profiles (user_id, account_id, name, profile_image_url, is_test)
    select users.id, a.id, ${name ?? ''}::text, ${profileImageUrl ?? null}::text, ${isTest ?? false}::boolean
    from users, accounts as a
    where users.id = ${userId} and a.account_number = ${accountNumber} and not ${isOutOfReach(outOfReach)}
    for key share
    returning id`;
}

function selectSnapshot(userId: number, accountNumber: string, outOfReach: OutOfReach): SQL {
  return sql`
    select jsonb_build_object('profile', to_jsonb(p), 'user', to_jsonb(users), 'account', to_jsonb(a))
    from user_profiles as p join users on users.id = p.user_id join accounts as a on a.id = p.account_id
    where p.user_id = ${userId} and a.account_number = ${accountNumber} and not ${isOutOfReach(outOfReach)}`;
}

function selectState(db: Db, profileId: number, conditions: ProfileConditions) {
  return db
    .select({
      profile: userProfiles,
      user: users,
      account: accounts,
      isSeen: sql`${isInOneOf(conditions.states) ?? sql`true`}`.mapWith(flag),
      isOutOfReach: sql`${isOutOfReach(conditions.outOfReach)}`.mapWith(flag),
      isLastAdmin: sql`${takesAdmin(conditions, profileId)}`.mapWith(flag),
    })
    .from(userProfiles)
    .innerJoin(users, eq(users.id, userProfiles.userId))
    .innerJoin(accounts, eq(accounts.id, userProfiles.accountId))
    .where(eq(userProfiles.id, profileId));
}

function takesAdmin({ platformNumber, mayTakeLastAdmin }: ProfileConditions, profileId: number): SQL {
  return mayTakeLastAdmin
    ? sql`false`
    : takesLastAdmin(platformNumber, NO_RIGHTS, sql`mine.id = ${profileId}`);
}

const profileColumns = {
  id: userProfiles.id,
  revision: userProfiles.revision,
  since: userProfiles.createdAt,
};
const userColumns = { id: users.id, revision: users.revision, since: users.dateJoined };
const accountColumns = { id: accounts.id, revision: accounts.revision, since: accounts.createdAt };

function isInOneOf(states: readonly ProfileState[] | null): SQL | undefined {
  return states ? (or(...states.map(isIn)) ?? sql`false`) : undefined;
}

function isIn({ profile, user, account }: ProfileState): SQL | undefined {
  return and(
    isInState(profileColumns, [profile]),
    user &&
      sql`exists (
        select from users where users.id = ${userProfiles.userId} and ${isInState(userColumns, [user])})`,
    account &&
      sql`exists (
        select from accounts where accounts.id = ${userProfiles.accountId} and ${isInState(accountColumns, [account])})`,
  );
}

function toDeletion(row: Awaited<ReturnType<typeof selectState>>[number] | undefined) {
  if (!row) return { current: null, isSeen: false, isOutOfReach: false, isLastAdmin: false };
  const { isSeen, isOutOfReach: isBeyond, isLastAdmin, ...current } = row;
  return { current, isSeen, isOutOfReach: isBeyond, isLastAdmin };
}
