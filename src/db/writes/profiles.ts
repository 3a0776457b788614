import { and, eq, not, or, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { flag, whole } from '../client/decoders.ts';
import { claimIdempotencyKey, forgetUnanswered, type IdempotencyClaim, keepAnswer } from './idempotency.ts';
import { lockAccountsOfAdmin, NO_RIGHTS, takesLastAdmin } from './last-admin.ts';
import { isOutOfReach, type OutOfReach } from './out-of-reach.ts';
import { type ProfileRow, selectProfiles } from '../reads/profiles.ts';
import { accounts, userProfiles, users, type UserProfileRow } from '../schema/tables.ts';
import { readRow } from '../client/results.ts';
import {
  type Authorship,
  type Changes,
  isInState,
  type RowState,
  toSet,
  type Values,
  writeBatch,
} from './write-batch.ts';

export type ProfileValues = Values<Pick<UserProfileRow, 'name' | 'profileImageUrl' | 'isTest'>>;

export interface NewProfile extends ProfileValues {
  readonly userId: number;
  readonly accountNumber: string;
}

/** One state of a profile, and of the user and the account that it was shown with. */
export interface ProfileState {
  readonly profile: RowState;
  readonly user?: RowState | undefined;
  readonly account?: RowState | undefined;
}

export interface InsertedProfile {
  /** Null when the user or the account is unknown, or the user out of the writer's reach. */
  readonly profile: ProfileRow | null;
  readonly isUserKnown: boolean;
  readonly isAccountKnown: boolean;
}

/** What ending a membership depends on. */
export interface ProfileConditions {
  /** What the writer has seen; null: whatever it is. */
  readonly states: readonly ProfileState[] | null;
  /** Number of the account that keeps a superuser. */
  readonly platformNumber: string;
  readonly outOfReach: OutOfReach;
  /** The last admin is no exception. */
  readonly mayTakeLastAdmin: boolean;
}

export interface ProfileUpdate {
  readonly isDone: boolean;
  /** The profile as it is now; null: there is none. */
  readonly current: ProfileRow | null;
  readonly tags: string[];
}

export interface ProfileDeletion {
  readonly isDone: boolean;
  /** The profile before the write; null: there is none. */
  readonly current: ProfileRow | null;
  readonly isSeen: boolean;
  readonly isOutOfReach: boolean;
  readonly isLastAdmin: boolean;
  readonly tags: string[];
}

/** Inserts the profile unless its user is out of the writer's reach, and keeps it as the answer to the claim. */
export async function insertProfile(
  db: Db,
  author: Authorship,
  profile: NewProfile,
  outOfReach: OutOfReach,
  claim: IdempotencyClaim | null,
): Promise<{ value: InsertedProfile; tags: string[] }> {
  const { userId, accountNumber } = profile;
  const isSame = and(eq(userProfiles.userId, userId), eq(accounts.accountNumber, accountNumber));
  const statements = [
    db.execute(insertIfAllowed(profile, outOfReach)),
    selectProfiles(db, isSame),
    db.execute(sql`
      select exists (select from users where id = ${userId}) as "isUserKnown",
        exists (select from accounts where account_number = ${accountNumber}) as "isAccountKnown"`),
  ] as const;
  if (!claim) {
    const { results, tags } = await writeBatch(db, author, statements);
    return { value: toInserted(results), tags };
  }
  const { results, tags } = await writeBatch(db, author, [
    ...claimIdempotencyKey(db, claim),
    ...statements,
    keepAnswer(db, claim, selectSnapshot(userId, accountNumber, outOfReach)),
    forgetUnanswered(db, claim),
  ]);
  return { value: toInserted([results[2], results[3], results[4]]), tags };
}

const known = { isUserKnown: flag, isAccountKnown: flag };

// A profile that was there before is none of this write's.
function toInserted([inserted, [profile], subjects]: readonly [
  { rowCount: unknown },
  readonly ProfileRow[],
  unknown,
]): InsertedProfile {
  const isInserted = whole(inserted.rowCount) > 0;
  return { profile: (isInserted && profile) || null, ...readRow(subjects, known) };
}

export async function updateProfile(
  db: Db,
  author: Authorship,
  profileId: number,
  changes: Changes<ProfileValues>,
  states: readonly ProfileState[] | null,
): Promise<ProfileUpdate> {
  const isAsked = eq(userProfiles.id, profileId);
  const { results, tags } = await writeBatch(db, author, [
    db
      .update(userProfiles)
      .set(toSet(userProfiles, changes))
      .where(and(isAsked, isInOneOf(states)))
      .returning({ id: userProfiles.id }),
    selectProfiles(db, isAsked),
  ]);
  return { isDone: results[0].length > 0, current: results[1][0] ?? null, tags };
}

export async function deleteProfile(
  db: Db,
  author: Authorship,
  profileId: number,
  conditions: ProfileConditions,
): Promise<ProfileDeletion> {
  const isAsked = eq(userProfiles.id, profileId);
  const isProtected = sql`exists (
    select from users where users.id = ${userProfiles.userId} and (
      ${isOutOfReach(conditions.outOfReach)} or ${takesAdmin(conditions, profileId)}))`;
  const { results, tags } = await writeBatch(db, author, [
    // Nobody gives or takes the user's rights meanwhile.
    db
      .select({ id: users.id })
      .from(users)
      .where(sql`${users.id} = (select user_id from user_profiles where ${isAsked})`)
      .for('no key update'),
    lockAccountsOfAdmin(db, isAsked, NO_RIGHTS),
    selectState(db, profileId, conditions),
    db
      .delete(userProfiles)
      .where(and(isAsked, isInOneOf(conditions.states), not(isProtected)))
      .returning({ id: userProfiles.id }),
  ]);
  return { ...toDeletion(results[2][0]), isDone: results[3].length > 0, tags };
}

/** The profile as its deletion would find it. */
export async function selectProfileDeletion(
  db: Db,
  profileId: number,
  conditions: ProfileConditions,
): Promise<ProfileDeletion> {
  const [row] = await selectState(db, profileId, conditions);
  return { ...toDeletion(row), isDone: false, tags: [] };
}

// What is referred to is locked, so that it does not go before the profile is there.
function insertIfAllowed(profile: NewProfile, outOfReach: OutOfReach): SQL {
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
