import type * as z from 'zod';
import {
  changeUserRow,
  deleteUserRow,
  MAX_DELETED_PROFILES,
  selectUserDeletion,
  type UserConditions,
  type UserWriteOutcome,
} from '../../db/writes/users.ts';
import { unknownUser } from '../absence.ts';
import { requireScope, type Writer } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type Deletion, mayTakeLastAdmin, lastAdminError, otherRevisionError } from '../deletion.ts';
import { Email } from './email.ts';
import { FieldError, RefusedError } from '../errors.ts';
import { changesOf, faultsOfFields, orDefault, StoredText, toDate } from '../fields.ts';
import { outOfReachOf, outOfReachError, requirePlatformRights, userFields } from './fields.ts';
import { MetadataChanges } from '../other-systems.ts';
import { NewUsername } from './username.ts';
import { toUser, type User, Username } from './users.ts';
import { authorOf, deleterOf, type Written, type Precondition, rowStates, write } from '../write.ts';

/** The schemas of a new username and e-mail address. A change may send the present values back even if these refuse them. */
const lasting = { username: NewUsername, email: Email };

export const UserChanges = changesOf({
  ...userFields,
  username: Username.meta({
    description: `${NewUsername.description ?? ''} What the user is called already may stay.`,
  }),
  email: StoredText.meta({ format: 'email', description: 'What the user has already may stay.' }),
  metadata: MetadataChanges,
  firstName: orDefault(userFields.firstName),
  lastName: orDefault(userFields.lastName),
}).meta({ id: 'UserChanges' });
export type UserChanges = z.infer<typeof UserChanges>;

/**
 * Changes a user. Throws `user_does_not_exist`, `precondition_failed`, `username_taken`, `external_id_taken`, `last_admin_is_protected`, and
 * `forbidden` for rights without their scope, and when a caller that is bound to an account changes a user who is also a member of
 * others. A forced change may take an account's last admin.
 */
export async function changeUser(
  deps: Deps,
  writer: Writer,
  userId: number,
  changes: UserChanges,
  precondition: Precondition,
): Promise<Written<User>> {
  const { isStaff, isSuperuser, lastLogin } = changes;
  if (isStaff !== undefined || isSuperuser !== undefined) requireScope(writer.caller, 'rights:write');
  requirePlatformRights(writer.caller, deps.platform, changes);
  const values = { ...changes, lastLogin: toDate(lastLogin) };
  const unfit = unfitOf(changes);
  const kept = Object.fromEntries(unfit.map(({ name, value }) => [name, value]));
  const conditions = { ...conditionsOf(deps, writer, precondition, isOfIdentity(changes)), kept };
  const outcome = await write(deps, () =>
    changeUserRow(deps.db, authorOf(writer), userId, values, conditions),
  );
  const { isDone, current, token } = outcome;
  if (isDone && current) return { value: toUser(current), token };
  requireWritable(outcome);
  // Without an obstacle, the user was created after the batch selected it, or the change sent a new value that is refused.
  const isNew = unfit.filter(({ name, value }) => current?.[name] !== value);
  if (isNew.length > 0) throw new FieldError(isNew.flatMap(({ faults }) => faults));
  return unknownUser('userId');
}

/** Deletes a user with its profiles; with `dryRun` only counts them. Throws as `changeUser` does, and `too_many_accounts`. */
export async function deleteUser(
  deps: Deps,
  writer: Writer,
  userId: number,
  precondition: Precondition,
  dryRun: boolean,
): Promise<Written<Deletion>> {
  const conditions = conditionsOf(deps, writer, precondition, true);
  const run = () =>
    dryRun
      ? selectUserDeletion(deps.db, userId, conditions)
      : deleteUserRow(deps.db, deleterOf(deps, writer), userId, conditions);
  const outcome = await write(deps, run);
  const { isDone, userProfiles, token } = outcome;
  if (!isDone) {
    requireWritable(outcome);
    if (userProfiles > MAX_DELETED_PROFILES) throw tooManyAccountsError(userProfiles);
    // Without an obstacle, the user was created after the batch selected it.
    if (!dryRun) unknownUser('userId');
  }
  return { value: { dryRun, accounts: 0, users: 1, userProfiles, keys: 0 }, token };
}

/** The values that no user may newly get, and their faults. */
function unfitOf(changes: UserChanges) {
  return (['username', 'email'] as const).flatMap((name) => {
    const value = changes[name];
    const error = value === undefined ? undefined : lasting[name].safeParse(value).error;
    if (value === undefined || !error) return [];
    return { name, value, faults: faultsOfFields(error).map(({ detail }) => ({ name, detail })) };
  });
}

/** True if the changes concern the user's identity: the fields that sign-in depends on. */
function isOfIdentity({ username, email, isActive, isStaff, isSuperuser }: UserChanges): boolean {
  return [username, email, isActive, isStaff, isSuperuser].some((value) => value !== undefined);
}

/** The conditions of a write to a user by this writer. */
export function conditionsOf(
  { platform }: Deps,
  writer: Writer,
  precondition: Precondition,
  touchesIdentity: boolean,
): UserConditions {
  const { caller } = writer;
  return {
    states: rowStates(precondition),
    onlyIn: caller.accountNumber,
    platformNumber: platform.accountNumber,
    mayTakeLastAdmin: mayTakeLastAdmin(writer),
    // A caller that may rename or delete such users could take their rights.
    outOfReach: touchesIdentity ? outOfReachOf(caller, platform) : null,
  };
}

// Postgres could not delete so many profiles within the deadline, so the deletion would never succeed.
export function tooManyAccountsError(userProfiles: number): RefusedError {
  const detail = `the user is a member of ${userProfiles} accounts, and is deleted with at most ${MAX_DELETED_PROFILES} user profiles; deactivate the user, and delete user profiles of it first`;
  return new RefusedError('too_many_accounts', detail);
}

/** Throws for the obstacle that kept a user from being written, if there was one. */
export function requireWritable(outcome: UserWriteOutcome): void {
  const { current, isHidden, isShared, isOutOfReach, isSeen, isLastAdmin } = outcome;
  if (!current || isHidden) unknownUser('userId');
  if (isShared) {
    throw new RefusedError('forbidden', 'callers that are bound to an account may not change this user');
  }
  if (isOutOfReach) throw outOfReachError();
  if (!isSeen) throw otherRevisionError(toUser(current));
  if (isLastAdmin) throw lastAdminError();
}
