import * as z from 'zod';
import {
  findAccount,
  getCachedAccountForUser,
  getCachedDefaultAccount,
} from '../directory/accounts/accounts.ts';
import {
  getCachedAdminUserForAccount,
  getCachedSmarterAdminUserProfile,
} from '../directory/accounts/admins.ts';
import {
  EntityLookUps,
  findMany,
  type LookUpOutcome,
  requireAnswer,
} from '../directory/batch/look-up-batch.ts';
import type { Entity } from '../directory/batch/entity-look-ups.ts';
import {
  findUserProfile,
  getUserProfilesForAccount,
  validResourceOwnersForUser,
} from '../directory/profiles/profiles.ts';
import {
  getCachedUserForUserId,
  getCachedUserForUsername,
  getUsersForAccount,
} from '../directory/users/users.ts';
import { describeRpcError, method } from './method.ts';

/** What became of one look-up of many. */
export type RpcOutcome =
  | { readonly value: Entity }
  | { readonly error: { readonly code: string; readonly message: string } };

const scope = 'directory:read';
const id = z.int().positive();
// An empty one has an error of its own, thrown by the look-up.
const accountNumber = z.preprocess((value) => value ?? '', z.string());
const ofAccount = { args: z.object({ accountNumber }), scope } as const;
const ofUser = { args: z.object({ userId: id }), scope } as const;
const ofNothing = { args: z.object({}), scope } as const;

export const account = method({
  ...ofAccount,
  subject: (args) => ({ kind: 'account', ...args }),
  isNullable: true,
  run: (deps, args, read) => findAccount(deps, args.accountNumber, read),
});

export const userProfile = method({
  args: z.object({ userProfileId: id }),
  scope,
  subject: (args) => ({ kind: 'user-profile', ...args }),
  isNullable: true,
  run: (deps, { userProfileId }, read) => findUserProfile(deps, userProfileId, read),
});

export const cachedAccountForUser = method({
  ...ofUser,
  subject: (args) => ({ kind: 'account-of-user', ...args }),
  isNullable: true,
  run: (deps, { userId }, read) => getCachedAccountForUser(deps, userId, read),
});

export const cachedAdminUserForAccount = method({
  ...ofAccount,
  subject: (args) => ({ kind: 'account', ...args }),
  run: (deps, args, read, writer) => getCachedAdminUserForAccount(deps, writer, args.accountNumber, read),
});

export const cachedDefaultAccount = method({
  ...ofNothing,
  subject: () => ({ kind: 'default-account' }),
  run: (deps, _args, read) => getCachedDefaultAccount(deps, read),
});

export const cachedSmarterAdminUserProfile = method({
  ...ofNothing,
  subject: () => ({ kind: 'platform-admin' }),
  run: (deps, _args, read) => getCachedSmarterAdminUserProfile(deps, read),
});

export const cachedUserForUserId = method({
  ...ofUser,
  subject: (args) => ({ kind: 'user', ...args }),
  isNullable: true,
  run: (deps, { userId }, read) => getCachedUserForUserId(deps, userId, read),
});

export const cachedUserForUsername = method({
  args: z.object({ username: z.string() }),
  scope,
  subject: (args) => ({ kind: 'username', ...args }),
  run: (deps, { username }, read) => getCachedUserForUsername(deps, username, read),
});

export const userProfilesForAccount = method({
  ...ofAccount,
  subject: (args) => ({ kind: 'account', ...args }),
  run: (deps, args, read) => getUserProfilesForAccount(deps, args.accountNumber, read),
});

export const usersForAccount = method({
  ...ofAccount,
  subject: (args) => ({ kind: 'account', ...args }),
  run: (deps, args, read) => getUsersForAccount(deps, args.accountNumber, read),
});

export const validResourceOwners = method({
  args: z.object({ userProfileId: id.nullable() }),
  scope,
  subject: ({ userProfileId }) =>
    userProfileId === null ? { kind: 'platform-admin' } : { kind: 'user-profile', userProfileId },
  run: (deps, { userProfileId }, read) => validResourceOwnersForUser(deps, userProfileId, read),
});

export const many = method({
  args: z.object({ lookUps: EntityLookUps }),
  scope,
  // Each look-up is about something of its own, and asked for its visibility like one.
  subject: () => null,
  run: async (deps, args, read, { caller }) => {
    const outcomes = await findMany(deps, caller, args.lookUps, read);
    requireAnswer(outcomes);
    return outcomes.map(toRpcOutcome);
  },
});

function toRpcOutcome(outcome: LookUpOutcome): RpcOutcome {
  if ('value' in outcome) return { value: outcome.value };
  const { code, message } = describeRpcError(outcome.error);
  return { error: { code, message } };
}
