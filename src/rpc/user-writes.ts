import * as z from 'zod';
import * as profiles from '../directory/profiles/changes.ts';
import * as users from '../directory/users/changes.ts';
import * as newUsers from '../directory/users/creation.ts';
import type { RpcUserOutcome } from '../shapes/rpc.ts';
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

const scope = 'directory:write';
const id = z.int().positive();

export const createUser = method({
  args: z.object({ user: newUsers.NewUser, options: creation }),
  scope,
  subject: ({ user }) => newUsers.subjectOfNewUsers([user]),
  run: async (deps, { user, options }, _read, writer, _env, sent) =>
    toWritten(
      await newUsers.createUser(deps, writer, user, await idempotencyOf('createUser', sent, options)),
    ),
});

export const createUsers = method({
  args: z.object({ users: newUsers.NewUsers, options: creation }),
  scope,
  subject: (args) => newUsers.subjectOfNewUsers(args.users),
  run: async (deps, { users: rows, options }, _read, writer, _env, sent) => {
    const idempotency = await idempotencyOf('createUsers', sent, options);
    const created = await newUsers.createUsers(deps, writer, rows, idempotency);
    return toWritten({ ...created, value: created.value.map(toRpcOutcome) });
  },
});

export const changeUser = method({
  args: z.object({ userId: id, changes: users.UserChanges, options: forceableChange }),
  scope,
  subject: ({ userId }) => ({ kind: 'user', userId }),
  run: async (deps, { userId, changes, options }, _read, writer) =>
    toWritten(
      await users.changeUser(
        deps,
        { ...writer, isForced: options.force },
        userId,
        changes,
        preconditionOf(options),
      ),
    ),
});

export const deleteUser = method({
  args: z.object({ userId: id, options: forceableDeletion }),
  scope,
  subject: ({ userId }) => ({ kind: 'user', userId }),
  run: async (deps, { userId, options }, _read, writer) =>
    toWritten(
      await users.deleteUser(
        deps,
        { ...writer, isForced: options.force },
        userId,
        preconditionOf(options),
        options.dryRun,
      ),
    ),
});

export const createUserProfile = method({
  args: z.object({ profile: profiles.NewUserProfile, options: creation }),
  scope,
  subject: () => ({ kind: 'everything' }),
  run: async (deps, { profile, options }, _read, writer, _env, sent) => {
    const idempotency = await idempotencyOf('createUserProfile', sent, options);
    return toWritten(await profiles.createUserProfile(deps, writer, profile, idempotency));
  },
});

export const changeUserProfile = method({
  args: z.object({ userProfileId: id, changes: profiles.UserProfileChanges, options: change }),
  scope,
  subject: ({ userProfileId }) => ({ kind: 'user-profile', userProfileId }),
  run: async (deps, { userProfileId, changes, options }, _read, writer) =>
    toWritten(
      await profiles.changeUserProfile(deps, writer, userProfileId, changes, preconditionOf(options)),
    ),
});

export const deleteUserProfile = method({
  args: z.object({ userProfileId: id, options: forceableDeletion }),
  scope,
  subject: ({ userProfileId }) => ({ kind: 'user-profile', userProfileId }),
  run: async (deps, { userProfileId, options }, _read, writer) =>
    toWritten(
      await profiles.deleteUserProfile(
        deps,
        { ...writer, isForced: options.force },
        userProfileId,
        preconditionOf(options),
        options.dryRun,
      ),
    ),
});

function toRpcOutcome(outcome: newUsers.UserOutcome): RpcUserOutcome {
  if (!(outcome instanceof Error)) return { user: outcome };
  const { code, message } = outcome;
  return { error: { code, message } };
}
