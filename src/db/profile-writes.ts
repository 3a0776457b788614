import { and, eq, not, or, sql, type SQL } from 'drizzle-orm';
import type { Db } from './client.ts';
import { claimIdempotencyKey, forgetUnanswered, type IdempotencyClaim, keepAnswer } from './idempotency.ts';
import { lockAccountsOfAdmin, NO_RIGHTS, takesLastAdmin } from './last-admin.ts';
import { type ProfileRow, selectProfiles } from './profiles.ts';
import { accounts, userProfiles, users, type UserProfileRow } from './schema.ts';
import { type Authorship, isInState, type RowState, type Values, writeBatch } from './write-batch.ts';

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
  /** Null when the user or the account is unknown. */
  readonly profile: ProfileRow | null;
  readonly isUserKnown: boolean;
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
  readonly isLastAdmin: boolean;
  readonly tags: string[];
}

/** Inserts the profile, and keeps it as the answer to the claim. */
export async function insertProfile(
  db: Db,
  author: Authorship,
  profile: NewProfile,
  claim: IdempotencyClaim | null,
): Promise<{ value: InsertedProfile; tags: string[] }> {
  const { userId, accountNumber } = profile;
  const made = and(eq(userProfiles.userId, userId), eq(accounts.accountNumber, accountNumber));
  const statements = [
    db.execute(insertIfKnown(profile)),
    selectProfiles(db, made),
    db.select({ id: users.id }).from(users).where(eq(users.id, userId)),
  ] as const;
  if (!claim) {
    const { results, tags } = await writeBatch(db, author, statements);
    return { value: { profile: results[1][0] ?? null, isUserKnown: results[2].length > 0 }, tags };
  }
  const { results, tags } = await writeBatch(db, author, [
    ...claimIdempotencyKey(db, claim),
    ...statements,
    keepAnswer(db, claim, selectSnapshot(userId, accountNumber)),
    forgetUnanswered(db, claim),
  ]);
  return { value: { profile: results[3][0] ?? null, isUserKnown: results[4].length > 0 }, tags };
}

export async function updateProfile(
  db: Db,
  author: Authorship,
  profileId: number,
  changes: ProfileValues,
  states: readonly ProfileState[] | null,
): Promise<ProfileUpdate> {
  const isAsked = eq(userProfiles.id, profileId);
  const { results, tags } = await writeBatch(db, author, [
    db
      .update(userProfiles)
      .set(changes)
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
  states: readonly ProfileState[] | null,
  platformNumber: string,
): Promise<ProfileDeletion> {
  const isAsked = eq(userProfiles.id, profileId);
  const isLastAdmin = sql`exists (
    select from users where users.id = ${userProfiles.userId} and ${takesAdmin(platformNumber, profileId)})`;
  const { results, tags } = await writeBatch(db, author, [
    // Nobody gives or takes the user's rights meanwhile.
    db
      .select({ id: users.id })
      .from(users)
      .where(sql`${users.id} = (select user_id from user_profiles where ${isAsked})`)
      .for('no key update'),
    lockAccountsOfAdmin(db, isAsked, NO_RIGHTS),
    selectState(db, profileId, states, platformNumber),
    db
      .delete(userProfiles)
      .where(and(isAsked, isInOneOf(states), not(isLastAdmin)))
      .returning({ id: userProfiles.id }),
  ]);
  return { ...toDeletion(results[2][0]), isDone: results[3].length > 0, tags };
}

/** The profile as its deletion would find it. */
export async function selectProfileDeletion(
  db: Db,
  profileId: number,
  states: readonly ProfileState[] | null,
  platformNumber: string,
): Promise<ProfileDeletion> {
  const [row] = await selectState(db, profileId, states, platformNumber);
  return { ...toDeletion(row), isDone: false, tags: [] };
}

// What is referred to is locked, so that it does not go before the profile is there.
function insertIfKnown({ userId, accountNumber, name, profileImageUrl, isTest }: NewProfile): SQL {
  return sql`
    insert into user_profiles (user_id, account_id, name, profile_image_url, is_test)
    select u.id, a.id, ${name ?? ''}::text, ${profileImageUrl ?? null}::text, ${isTest ?? false}::boolean
    from users as u, accounts as a
    where u.id = ${userId} and a.account_number = ${accountNumber}
    for key share`;
}

function selectSnapshot(userId: number, accountNumber: string): SQL {
  return sql`
    select jsonb_build_object('profile', to_jsonb(p), 'user', to_jsonb(u), 'account', to_jsonb(a))
    from user_profiles as p join users as u on u.id = p.user_id join accounts as a on a.id = p.account_id
    where p.user_id = ${userId} and a.account_number = ${accountNumber}`;
}

function selectState(
  db: Db,
  profileId: number,
  states: readonly ProfileState[] | null,
  platformNumber: string,
) {
  return db
    .select({
      profile: userProfiles,
      user: users,
      account: accounts,
      isSeen: sql<boolean>`${isInOneOf(states) ?? sql`true`}`,
      isLastAdmin: sql<boolean>`${takesAdmin(platformNumber, profileId)}`,
    })
    .from(userProfiles)
    .innerJoin(users, eq(users.id, userProfiles.userId))
    .innerJoin(accounts, eq(accounts.id, userProfiles.accountId))
    .where(eq(userProfiles.id, profileId));
}

function takesAdmin(platformNumber: string, profileId: number): SQL {
  return takesLastAdmin(platformNumber, NO_RIGHTS, sql`mine.id = ${profileId}`);
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
  if (!row) return { current: null, isSeen: false, isLastAdmin: false };
  const { isSeen, isLastAdmin, ...current } = row;
  return { current, isSeen, isLastAdmin };
}
