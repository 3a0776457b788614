import * as z from 'zod';
import { mergeTraces } from '../cache/merge-traces.ts';
import {
  accountByExternalId,
  accountByNumber,
  accountForUser,
  accountsOfUser,
  defaultAccount,
} from '../directory/accounts/accounts.ts';
import { adminOfAccount, getCachedAdminUserForAccount, platformAdmin } from '../directory/accounts/admins.ts';
import {
  EntityLookUps,
  findMany,
  type LookUpOutcome,
  requireAnswer,
} from '../directory/batch/look-up-batch.ts';
import { readWholeList } from '../directory/list.ts';
import { answerOf } from '../directory/look-up.ts';
import {
  userProfileById,
  userProfilesOfAccount,
  validResourceOwners as owners,
} from '../directory/profiles/profiles.ts';
import { LookUpError } from '../directory/errors.ts';
import type { Subject } from '../directory/subject.ts';
import { userByExternalId, userById, userByUsername, usersOfAccount } from '../directory/users/users.ts';
import { argumentsOf, lookUpMethod, nullableMethod, scope, wholeListMethod } from './look-up-methods.ts';
import type { RpcOutcome } from '../shapes/rpc.ts';
import { describeRpcError, method } from './method.ts';

export const account = nullableMethod(accountByNumber);
export const accountForExternalId = nullableMethod(accountByExternalId);
export const userForExternalId = nullableMethod(userByExternalId);
export const userProfile = nullableMethod(userProfileById);
export const cachedAccountForUser = nullableMethod(accountForUser);
export const cachedDefaultAccount = lookUpMethod(defaultAccount);
export const cachedSmarterAdminUserProfile = lookUpMethod(platformAdmin);
export const cachedUserForUserId = nullableMethod(userById);
export const cachedUserForUsername = lookUpMethod(userByUsername);
export const usersForAccount = wholeListMethod(usersOfAccount);

export const cachedAdminUserForAccount = method({
  ...argumentsOf(adminOfAccount),
  run: (deps, args, read, writer) => getCachedAdminUserForAccount(deps, writer, args.accountNumber, read),
});

/** Null for an unknown user. */
export const accountsForUser = method({
  ...argumentsOf(accountsOfUser),
  isNullable: true,
  run: (deps, input, read, { caller }) =>
    readWholeList(deps, accountsOfUser, caller, input, read).catch(nullIfAbsent),
});

function nullIfAbsent(error: unknown): null {
  if (error instanceof LookUpError) return null;
  throw error;
}

/** Null for an account without profiles, as the original platform answers. */
export const userProfilesForAccount = method({
  ...argumentsOf(userProfilesOfAccount),
  run: async (deps, input, read, { caller }) => {
    const items = await readWholeList(deps, userProfilesOfAccount, caller, input, read);
    return items.length > 0 ? items : null;
  },
});

export const ownersArguments = z.object({ userProfileId: z.int().positive().nullable() });

/** Null asks for the owners without a profile: the platform admin's profile alone. */
export function subjectOfOwners({ userProfileId }: z.output<typeof ownersArguments>): Subject {
  return userProfileId === null ? platformAdmin.subject({}) : owners.subject({ userProfileId });
}

export const validResourceOwners = method({
  args: ownersArguments,
  scope,
  subject: subjectOfOwners,
  run: async (deps, { userProfileId }, read, { caller }) =>
    userProfileId === null
      ? [await answerOf(deps, platformAdmin, {}, read)]
      : readWholeList(deps, owners, caller, { userProfileId }, read),
});

export const many = method({
  args: z.object({ lookUps: EntityLookUps }),
  scope,
  // Each look-up is about something of its own, and asked for its visibility like one.
  subject: () => null,
  run: async (deps, args, read, { caller, requestId }) => {
    const outcomes = await findMany(deps, caller, args.lookUps, read);
    if (read.trace) Object.assign(read.trace, mergeTraces(outcomes.map(({ trace }) => trace)));
    requireAnswer(outcomes);
    return outcomes.map((outcome) => toRpcOutcome(outcome, requestId));
  },
});

function toRpcOutcome(outcome: LookUpOutcome, requestId: string): RpcOutcome {
  if ('value' in outcome) return { value: outcome.value };
  const { code, message } = describeRpcError(outcome.error, requestId);
  return { error: { code, message } };
}
