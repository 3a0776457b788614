import * as z from 'zod';
import type { LookUp } from '../cache/cache.ts';
import { readThrough } from '../cache/read-through.ts';
import { selectIsMember, selectIsProfileOfAccount, selectMemberByUsername } from '../db/members.ts';
import {
  noAccountForUser,
  noDefaultAccount,
  noPlatformAdmin,
  unknownAccount,
  unknownKey,
  unknownUser,
  unknownUserProfile,
} from './absence.ts';
import { type Account, accountForUser, defaultAccount } from './accounts.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';
import { RefusedError } from './errors.ts';

/** What a request is about, as far as it decides who may see it. */
export type Subject =
  /** More than one account's affairs. */
  | { readonly kind: 'everything' }
  /** API keys: every statement about them shows a caller none but those within its reach, so nothing is asked here. */
  | { readonly kind: 'keys' }
  | { readonly kind: 'account'; readonly accountNumber: string }
  | { readonly kind: 'default-account' }
  | { readonly kind: 'platform-admin' }
  | { readonly kind: 'user'; readonly userId: number }
  | { readonly kind: 'username'; readonly username: string }
  | { readonly kind: 'account-of-user'; readonly userId: number }
  | { readonly kind: 'user-profile'; readonly userProfileId: number };

const absences: Readonly<Record<Subject['kind'], () => never>> = {
  everything: () => {
    throw new RefusedError('forbidden', 'this is not for callers that are bound to an account');
  },
  keys: unknownKey,
  account: unknownAccount,
  'default-account': noDefaultAccount,
  'platform-admin': noPlatformAdmin,
  user: () => unknownUser('userId'),
  username: () => unknownUser('username'),
  'account-of-user': noAccountForUser,
  'user-profile': unknownUserProfile,
};

/**
 * Throws unless the caller sees the subject: the very error of a subject that is not there, found by the same questions,
 * so that neither the answer nor its time tells them apart. `forbidden` for what concerns all accounts.
 */
export async function requireVisible(deps: Deps, caller: Caller, subject: Subject): Promise<void> {
  const isVisible = caller.accountNumber === null || (await isIn(deps, caller.accountNumber, subject));
  if (!isVisible) absences[subject.kind]();
}

// oxlint-disable-next-line consistent-return -- every kind returns
async function isIn(deps: Deps, accountNumber: string, subject: Subject): Promise<boolean> {
  switch (subject.kind) {
    case 'everything':
      return false;
    case 'keys':
      return true;
    case 'account':
      return subject.accountNumber === accountNumber;
    case 'platform-admin':
      return deps.platform.accountNumber === accountNumber;
    case 'default-account':
      return isAnswer(deps, defaultAccount(deps), accountNumber);
    case 'user':
      return isMember(deps, accountNumber, subject.userId);
    case 'username':
      return hasMemberNamed(deps, accountNumber, subject.username);
    case 'user-profile':
      return hasProfile(deps, accountNumber, subject.userProfileId);
    case 'account-of-user':
      return (
        (await isMember(deps, accountNumber, subject.userId)) &&
        isAnswer(deps, accountForUser(deps, subject.userId), accountNumber)
      );
  }
}

async function isAnswer(deps: Deps, lookUp: LookUp<Account | null>, accountNumber: string): Promise<boolean> {
  const account = await readThrough(deps.cache, lookUp);
  return account?.accountNumber === accountNumber;
}

const isTrue = z.boolean().parse;
const isFalse = (value: boolean): boolean => !value;

function isMember(deps: Deps, accountNumber: string, userId: number): Promise<boolean> {
  return readThrough(deps.cache, {
    key: `member:${accountNumber}:${userId}`,
    parse: isTrue,
    isAbsent: isFalse,
    load: async () => ({
      value: await selectIsMember(deps.db, accountNumber, userId),
      tags: [`account-number:${accountNumber}`, `memberships:${userId}`],
    }),
  });
}

async function hasMemberNamed(deps: Deps, accountNumber: string, username: string): Promise<boolean> {
  const userId = await readThrough(deps.cache, {
    key: `member-named:${accountNumber}:${username}`,
    parse: z.int().nullable().parse,
    load: () => loadMemberNamed(deps, accountNumber, username),
  });
  return userId !== null;
}

async function loadMemberNamed({ db }: Deps, accountNumber: string, username: string) {
  const { accountId, userId } = await selectMemberByUsername(db, accountNumber, username);
  const tags = [`account-number:${accountNumber}`, `username:${username}`];
  if (accountId !== null) tags.push(`members:${accountId}`);
  return { value: userId, tags };
}

function hasProfile(deps: Deps, accountNumber: string, userProfileId: number): Promise<boolean> {
  return readThrough(deps.cache, {
    key: `profile-in:${accountNumber}:${userProfileId}`,
    parse: isTrue,
    isAbsent: isFalse,
    load: async () => ({
      value: await selectIsProfileOfAccount(deps.db, accountNumber, userProfileId),
      tags: [`account-number:${accountNumber}`, `profile:${userProfileId}`],
    }),
  });
}
