import * as z from 'zod';
import {
  changeProfileRow,
  createProfileRow,
  deleteProfileRow,
  type ProfileConditions,
  type ProfileState,
  selectProfileDeletion,
} from '../../db/writes/profiles.ts';
import { accounts, userProfiles } from '../../db/schema/tables.ts';
import type { ProfileRow } from '../../db/reads/profiles.ts';
import { fromSnapshot, fromUserSnapshot } from '../../db/reads/snapshot.ts';
import { unknownAccount, unknownUser, unknownUserProfile } from '../absence.ts';
import type { Writer } from '../caller.ts';
import { type Deletion, mayTakeLastAdmin, refuseLastAdmin, refuseOther } from '../deletion.ts';
import type { Deps } from '../deps.ts';
import { AccountNumber, changesOf, orDefault, text, WebUrl } from '../fields.ts';
import { outOfReachOf, refuseOutOfReach } from '../users/fields.ts';
import { toUserProfile, type UserProfile } from './user-profile.ts';
import {
  authorOf,
  claimOf,
  create,
  type Written,
  type Idempotency,
  type Precondition,
  write,
} from '../write.ts';

/** Lengths are those of the original platform's forms. */
const fields = { name: text(255), profileImageUrl: WebUrl.nullable(), isTest: z.boolean() };

/** What a profile is created from: it makes the user a member of the account. */
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
 * `forbidden` for who is staff or superuser without the scope for rights: with the membership they rule the account.
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
    (answer) => ({ profile: fromProfileSnapshot(answer), isUserKnown: true, isAccountKnown: true }),
  );
  const { profile: made, isUserKnown, isAccountKnown } = value;
  if (made) return { ...created, value: toUserProfile(made) };
  if (!isUserKnown) unknownUser('userId');
  if (!isAccountKnown) unknownAccount();
  throw refuseOutOfReach();
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
  if (!isDone) throw refuseOther(value);
  return { value, token };
}

/**
 * Ends a membership, or says what that would delete. Throws `user_profile_does_not_exist`, `precondition_failed`,
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
      : deleteProfileRow(db, authorOf(writer), userProfileId, conditions);
  const { isDone, current, isSeen, isOutOfReach, isLastAdmin, token } = await write(deps, run);
  if (!isDone) {
    if (!current) unknownUserProfile();
    if (isOutOfReach) throw refuseOutOfReach();
    if (!isSeen) throw refuseOther(toUserProfile(current));
    if (isLastAdmin) throw refuseLastAdmin();
    // Gone with its account meanwhile.
    if (!dryRun) unknownUserProfile();
  }
  return { value: { dryRun, accounts: 0, users: 0, userProfiles: 1, keys: 0 }, token };
}

/** Over HTTP a profile is shown with its user and account, over RPC callers name its own revision alone. */
const ROWS_OF_PROFILE = 3;

function profileStates(precondition: Precondition): ProfileState[] | null {
  if (!precondition) return null;
  return precondition.flatMap((rows) => {
    const [profile, user, account] = rows;
    const isWhole = rows.length === ROWS_OF_PROFILE || profile?.id === undefined;
    return profile && isWhole ? [{ profile, user, account }] : [];
  });
}

function fromProfileSnapshot(answer: unknown): ProfileRow {
  // Made by the statement that inserts a profile.
  const { profile, user, account } = answer as Readonly<Record<keyof ProfileRow, unknown>>;
  return {
    profile: fromSnapshot(userProfiles, profile),
    user: fromUserSnapshot(user),
    account: fromSnapshot(accounts, account),
  };
}
