import * as z from 'zod';
import {
  changeProfileRow,
  type CreatedProfileRow,
  createProfileRow,
  deleteProfileRow,
  type ProfileConditions,
  type ProfileState,
  selectProfileDeletion,
} from '../../db/writes/profiles.ts';
import { userProfiles } from '../../db/schema/tables.ts';
import type { ProfileRow } from '../../db/reads/profiles.ts';
import { fromAccountSnapshot, fromSnapshot, fromUserSnapshot } from '../../db/reads/snapshot.ts';
import { unknownAccount, unknownUser, unknownUserProfile } from '../absence.ts';
import type { Writer } from '../caller.ts';
import { type Deletion, mayTakeLastAdmin, lastAdminError, otherRevisionError } from '../deletion.ts';
import type { Deps } from '../deps.ts';
import { AccountNumber, changesOf, orDefault, text, WebUrl } from '../fields.ts';
import { outOfReachOf, outOfReachError } from '../users/fields.ts';
import { toUserProfile, type UserProfile } from './user-profile.ts';
import {
  authorOf,
  deleterOf,
  claimOf,
  create,
  type Written,
  type Idempotency,
  type Precondition,
  write,
} from '../write.ts';

/** The fields of a profile, with the lengths of the original platform's forms. */
const fields = { name: text(255), profileImageUrl: WebUrl.nullable(), isTest: z.boolean() };

/** The fields of a new profile, which makes the user a member of the account. */
export const NewUserProfile = z
  .strictObject({
    ...z.strictObject(fields).partial().shape,
    userId: z.int().positive(),
    accountNumber: AccountNumber,
  })
  .meta({ id: 'NewUserProfile' });
export type NewUserProfile = z.infer<typeof NewUserProfile>;

export const UserProfileChanges = changesOf({ ...fields, name: orDefault(fields.name) }).meta({
  id: 'UserProfileChanges',
});
export type UserProfileChanges = z.infer<typeof UserProfileChanges>;

/**
 * Makes a user a member of an account. Throws `user_does_not_exist`, `account_does_not_exist`, `user_profile_exists`, and
 * `forbidden` for a staff user or superuser without the scope for rights, because the membership gives that user the account.
 */
export async function createUserProfile(
  deps: Deps,
  writer: Writer,
  profile: NewUserProfile,
  idempotency?: Idempotency,
): Promise<Written<UserProfile>> {
  const claim = claimOf(writer, idempotency);
  const { value, ...created } = await create(
    deps,
    claim,
    () =>
      createProfileRow(deps.db, authorOf(writer), profile, outOfReachOf(writer.caller, deps.platform), claim),
    toCreated,
  );
  const { profile: made, isUserKnown, isAccountKnown } = value;
  if (made) return { ...created, value: toUserProfile(made) };
  if (!isUserKnown) unknownUser('userId');
  if (!isAccountKnown) unknownAccount();
  throw outOfReachError();
}

/** Changes a profile; throws `user_profile_does_not_exist` and `precondition_failed`. */
export async function changeUserProfile(
  deps: Deps,
  writer: Writer,
  userProfileId: number,
  changes: UserProfileChanges,
  precondition: Precondition,
): Promise<Written<UserProfile>> {
  const { isDone, current, token } = await write(deps, () =>
    changeProfileRow(deps.db, authorOf(writer), userProfileId, changes, profileStates(precondition)),
  );
  const value = toUserProfile(current ?? unknownUserProfile());
  if (!isDone) throw otherRevisionError(value);
  return { value, token };
}

/**
 * Ends a membership by deleting its profile; with `dryRun` deletes nothing. Throws `user_profile_does_not_exist`, `precondition_failed`,
 * `last_admin_is_protected`, and `forbidden` as `createUserProfile` does.
 */
export async function deleteUserProfile(
  deps: Deps,
  writer: Writer,
  userProfileId: number,
  precondition: Precondition,
  dryRun: boolean,
): Promise<Written<Deletion>> {
  const { platform, db } = deps;
  const conditions: ProfileConditions = {
    states: profileStates(precondition),
    platformNumber: platform.accountNumber,
    mayTakeLastAdmin: mayTakeLastAdmin(writer),
    outOfReach: outOfReachOf(writer.caller, platform),
  };
  const run = () =>
    dryRun
      ? selectProfileDeletion(db, userProfileId, conditions)
      : deleteProfileRow(db, deleterOf(deps, writer), userProfileId, conditions);
  const { isDone, current, isSeen, isOutOfReach, isLastAdmin, token } = await write(deps, run);
  if (!isDone) {
    if (!current) unknownUserProfile();
    if (isOutOfReach) throw outOfReachError();
    if (!isSeen) throw otherRevisionError(toUserProfile(current));
    if (isLastAdmin) throw lastAdminError();
    // The profile was deleted meanwhile, with its account for instance.
    if (!dryRun) unknownUserProfile();
  }
  return { value: { dryRun, accounts: 0, users: 0, userProfiles: 1, keys: 0 }, token };
}

/** An HTTP answer shows a profile with its user and account, so its ETag names three rows; an RPC caller names one revision. */
const ROWS_OF_PROFILE = 3;

function profileStates(precondition: Precondition): ProfileState[] | null {
  if (!precondition) return null;
  return precondition.flatMap((rows) => {
    const [profile, user, account] = rows;
    const isWhole = rows.length === ROWS_OF_PROFILE || profile?.id === undefined;
    return profile && isWhole ? [{ profile, user, account }] : [];
  });
}

// An erasure leaves no profile in the answer that was stored.
function toCreated(answer: unknown): CreatedProfileRow {
  const isErased = 'isErased' in Object(answer);
  return {
    profile: isErased ? null : fromProfileSnapshot(answer),
    isUserKnown: !isErased,
    isAccountKnown: true,
  };
}

function fromProfileSnapshot(answer: unknown): ProfileRow {
  // The statement that creates a profile stores an object with these three.
  const { profile, user, account } = answer as Readonly<Record<keyof ProfileRow, unknown>>;
  return {
    profile: fromSnapshot(userProfiles, profile),
    user: fromUserSnapshot(user),
    account: fromAccountSnapshot(account),
  };
}
