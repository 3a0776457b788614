import * as z from 'zod';
import {
  changeUserProfile,
  createUserProfile,
  deleteUserProfile,
  NewUserProfile,
  UserProfileChanges,
} from '../directory/profiles/changes.ts';
import { changeUser, deleteUser, UserChanges } from '../directory/users/changes.ts';
import {
  createUser,
  createUsers,
  NewUser,
  NewUsers,
  subjectOfNewUsers,
  type UserOutcome,
} from '../directory/users/creation.ts';
import type { User } from '../directory/users/users.ts';
import { method } from './method.ts';
import {
  change,
  creation,
  forceableChange,
  forceableDeletion,
  idempotencyOf,
  preconditionOf,
  toWritten,
} from './write-options.ts';

/** What became of one user of a batch. */
export type RpcUserOutcome =
  | { readonly user: User }
  | { readonly error: { readonly code: string; readonly message: string } };

const scope = 'directory:write';
const id = z.int().positive();

export const newUser = method({
  args: z.object({ user: NewUser, options: creation }),
  scope,
  subject: ({ user }) => subjectOfNewUsers([user]),
  run: async (deps, { user, options }, _read, writer, _env, sent) =>
    toWritten(await createUser(deps, writer, user, await idempotencyOf('createUser', sent, options))),
});

export const newUsers = method({
  args: z.object({ users: NewUsers, options: creation }),
  scope,
  subject: ({ users }) => subjectOfNewUsers(users),
  run: async (deps, { users, options }, _read, writer, _env, sent) => {
    const idempotency = await idempotencyOf('createUsers', sent, options);
    const created = await createUsers(deps, writer, users, idempotency);
    return toWritten({ ...created, value: created.value.map(toRpcOutcome) });
  },
});

export const changedUser = method({
  args: z.object({ userId: id, changes: UserChanges, options: forceableChange }),
  scope,
  subject: ({ userId }) => ({ kind: 'user', userId }),
  run: async (deps, { userId, changes, options }, _read, writer) =>
    toWritten(
      await changeUser(
        deps,
        { ...writer, isForced: options.force },
        userId,
        changes,
        preconditionOf(options),
      ),
    ),
});

export const deletedUser = method({
  args: z.object({ userId: id, options: forceableDeletion }),
  scope,
  subject: ({ userId }) => ({ kind: 'user', userId }),
  run: async (deps, { userId, options }, _read, writer) =>
    toWritten(
      await deleteUser(
        deps,
        { ...writer, isForced: options.force },
        userId,
        preconditionOf(options),
        options.dryRun,
      ),
    ),
});

export const newUserProfile = method({
  args: z.object({ profile: NewUserProfile, options: creation }),
  scope,
  subject: () => ({ kind: 'everything' }),
  run: async (deps, { profile, options }, _read, writer, _env, sent) => {
    const idempotency = await idempotencyOf('createUserProfile', sent, options);
    return toWritten(await createUserProfile(deps, writer, profile, idempotency));
  },
});

export const changedUserProfile = method({
  args: z.object({ userProfileId: id, changes: UserProfileChanges, options: change }),
  scope,
  subject: ({ userProfileId }) => ({ kind: 'user-profile', userProfileId }),
  run: async (deps, { userProfileId, changes, options }, _read, writer) =>
    toWritten(await changeUserProfile(deps, writer, userProfileId, changes, preconditionOf(options))),
});

export const deletedUserProfile = method({
  args: z.object({ userProfileId: id, options: forceableDeletion }),
  scope,
  subject: ({ userProfileId }) => ({ kind: 'user-profile', userProfileId }),
  run: async (deps, { userProfileId, options }, _read, writer) =>
    toWritten(
      await deleteUserProfile(
        deps,
        { ...writer, isForced: options.force },
        userProfileId,
        preconditionOf(options),
        options.dryRun,
      ),
    ),
});

function toRpcOutcome(outcome: UserOutcome): RpcUserOutcome {
  if (!(outcome instanceof Error)) return { user: outcome };
  const { code, message } = outcome;
  return { error: { code, message } };
}
