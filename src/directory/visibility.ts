import * as z from 'zod';
import type { Loaded, ReadDemands, RightsLookUp } from '../cache/look-up.ts';
import { readForRights } from '../cache/read-through.ts';
import {
  type MemberNamed,
  type Membership,
  selectHasExternalId,
  selectMemberNamed,
  selectMembership,
} from '../db/reads/members.ts';
import {
  noAccountForUser,
  noDefaultAccount,
  noPlatformAdmin,
  unknownAccount,
  unknownExternalAccount,
  unknownDeletion,
  unknownKey,
  unknownUser,
  unknownUserProfile,
} from './absence.ts';
import { type Account, accountForUser, defaultAccount } from './accounts/accounts.ts';
import { type Caller, refuseBound } from './caller.ts';
import { countedAs } from './counted.ts';
import type { Deps } from './deps.ts';
import { find } from './look-up.ts';
import { isExternalId } from './other-systems.ts';
import type { Subject } from './subject.ts';
import { isUsername } from './users/users.ts';

const absences: Readonly<Record<Subject['kind'], () => never>> = {
  everything: refuseBound,
  keys: unknownKey,
  changes: refuseBound,
  search: refuseBound,
  deletions: unknownDeletion,
  audit: refuseBound,
  account: unknownAccount,
  'account-external-id': unknownExternalAccount,
  'default-account': noDefaultAccount,
  'platform-admin': noPlatformAdmin,
  user: () => unknownUser('userId'),
  username: () => unknownUser('username'),
  'user-external-id': () => unknownUser('externalId'),
  'account-of-user': noAccountForUser,
  'user-profile': unknownUserProfile,
};

/**
 * Throws unless the caller sees the subject: the very error of a subject that is not there, found by the same questions,
 * so that neither the answer nor its time tells them apart. `forbidden` for what concerns all accounts.
 */
export async function requireVisible(
  deps: Deps,
  caller: Caller,
  subject: Subject,
  read?: ReadDemands,
): Promise<void> {
  if (caller.accountNumber === null) return;
  await requireReach(deps, caller, subject, read);
  if (!isToldByAnswer(subject)) return;
  requireOwn(caller, subject, await findAnswer(deps, subject, { ...read, trace: undefined }));
}

/**
 * Decides like `requireVisible`, but before the answer is there. `account-of-user` and `default-account` cannot be decided
 * yet; `requireOwn` does it with the answer.
 */
export async function requireReach(
  deps: Deps,
  caller: Caller,
  subject: Subject,
  read?: ReadDemands,
): Promise<void> {
  const { accountNumber } = caller;
  // The demands on the answer hold for the membership too, but the work of the tiers is told of the answer alone.
  const demands = { ...read, trace: undefined };
  const isReached = accountNumber === null || (await isIn({ deps, accountNumber, demands }, subject));
  if (!isReached) absences[subject.kind]();
}

/** Throws as `requireVisible` does, by what the subject's look-up has answered. */
export function requireOwn({ accountNumber }: Caller, subject: Subject, answer: object | null): void {
  if (accountNumber === null || !isToldByAnswer(subject)) return;
  const isOwn = answer !== null && 'accountNumber' in answer && answer.accountNumber === accountNumber;
  if (!isOwn) absences[subject.kind]();
}

/** A subject of which its answer alone tells whose it is. */
type SelfTelling = Extract<Subject, { readonly kind: 'default-account' | 'account-of-user' }>;

function isToldByAnswer(subject: Subject): subject is SelfTelling {
  return subject.kind === 'default-account' || subject.kind === 'account-of-user';
}

// The caller did not ask for these reads, so they are not noted.
const { noteAbsent: _noted, ...unnotedAccountForUser } = accountForUser;

// Not sealed: the answer decides about itself alone, so that whoever forges it shows nothing but the forgery.
function findAnswer(deps: Deps, subject: SelfTelling, demands: ReadDemands): Promise<Account | null> {
  if (subject.kind === 'default-account') return find(deps, defaultAccount, {}, demands);
  return find(deps, unnotedAccountForUser, { userId: subject.userId }, demands);
}

/** The demands of a bound caller on the look-ups of memberships. */
interface Viewer {
  readonly deps: Deps;
  readonly accountNumber: string;
  readonly demands: ReadDemands;
}

type DecidedLater = Extract<Subject, { readonly kind: (typeof DECIDED_LATER)[number] }>;
const DECIDED_LATER = ['audit', 'changes', 'default-account', 'deletions', 'keys', 'search'] as const;

/** True if the statement shows a caller none but its own, or the answer tells whose it is. */
function isDecidedLater(subject: Subject): subject is DecidedLater {
  return DECIDED_LATER.some((kind) => kind === subject.kind);
}

// oxlint-disable-next-line consistent-return -- every kind returns
async function isIn(viewer: Viewer, subject: Subject): Promise<boolean> {
  const { deps, accountNumber } = viewer;
  if (isDecidedLater(subject)) return true;
  switch (subject.kind) {
    case 'everything':
      return false;
    case 'account':
      return subject.accountNumber === accountNumber;
    case 'account-external-id':
      return hasExternalId(viewer, subject.externalId);
    case 'platform-admin':
      return deps.platform.accountNumber === accountNumber;
    case 'user':
    case 'account-of-user':
      return isMember(viewer, subject.userId);
    case 'username':
      return hasMemberNamed(viewer, memberNamed, { username: subject.username });
    case 'user-external-id':
      return hasMemberNamed(viewer, memberWithExternalId, { externalId: subject.externalId });
    case 'user-profile':
      return hasProfile(viewer, subject.userProfileId);
  }
}

function isMember({ deps, accountNumber, demands }: Viewer, userId: number): Promise<boolean> {
  return readForRights(deps.cache, memberOfAccount, deps, { accountNumber, userId }, demands);
}

function hasProfile({ deps, accountNumber, demands }: Viewer, userProfileId: number): Promise<boolean> {
  return readForRights(deps.cache, profileInAccount, deps, { accountNumber, userProfileId }, demands);
}

function hasExternalId({ deps, accountNumber, demands }: Viewer, externalId: string): Promise<boolean> {
  return readForRights(deps.cache, accountWithExternalId, deps, { accountNumber, externalId }, demands);
}

async function hasMemberNamed<N extends object>(
  { deps, accountNumber, demands }: Viewer,
  lookUp: RightsLookUp<Deps, InAccount & N, number | null>,
  name: N,
): Promise<boolean> {
  const userId = await readForRights(deps.cache, lookUp, deps, { accountNumber, ...name }, demands);
  return userId !== null;
}

const kind = countedAs('membership');

const isOfAccount = {
  kind,
  parse: z.boolean().parse,
  isAbsent: (value: boolean) => !value,
  decidesRights: true,
} as const;

interface InAccount {
  readonly accountNumber: string;
}

export const memberOfAccount: RightsLookUp<Deps, InAccount & { readonly userId: number }, boolean> = {
  name: 'memberOfAccount',
  ...isOfAccount,
  key: ({ accountNumber, userId }) => `member:${accountNumber}:${userId}`,
  load: async ({ db }, asked) => toSight(asked, await selectMembership(db, asked.accountNumber, asked)),
};

export const profileInAccount: RightsLookUp<Deps, InAccount & { readonly userProfileId: number }, boolean> = {
  name: 'profileInAccount',
  ...isOfAccount,
  key: ({ accountNumber, userProfileId }) => `profile-in:${accountNumber}:${userProfileId}`,
  load: async ({ db }, asked) => toSight(asked, await selectMembership(db, asked.accountNumber, asked)),
};

// Tags of the viewer's own account alone: those of what it asks for would tell when others change it.
function toSight({ accountNumber }: InAccount, { accountId, isMember: value }: Membership): Loaded<boolean> {
  const tags = [`account-number:${accountNumber}`];
  return { value, tags: accountId === null ? tags : [...tags, `members:${accountId}`] };
}

type ByExternalId = InAccount & { readonly externalId: string };

export const accountWithExternalId: RightsLookUp<Deps, ByExternalId, boolean> = {
  name: 'accountWithExternalId',
  ...isOfAccount,
  key: ({ accountNumber, externalId }) => `external-id-of:${accountNumber}:${externalId}`,
  isPossible: ({ externalId }) => isExternalId(externalId),
  async load({ db }, { accountNumber, externalId }) {
    const value = await selectHasExternalId(db, accountNumber, externalId);
    return { value, tags: [`account-number:${accountNumber}`] };
  },
};

const isMemberNamed = { kind, parse: z.int().nullable().parse, decidesRights: true } as const;

export const memberNamed: RightsLookUp<Deps, InAccount & { readonly username: string }, number | null> = {
  name: 'memberNamed',
  ...isMemberNamed,
  key: ({ accountNumber, username }) => `member-named:${accountNumber}:${username}`,
  isPossible: ({ username }) => isUsername(username),
  async load({ db }, { accountNumber, username }) {
    const found = await selectMemberNamed(db, accountNumber, 'username', username);
    return toMember(found, [`account-number:${accountNumber}`, `username:${username}`]);
  },
};

export const memberWithExternalId: RightsLookUp<Deps, ByExternalId, number | null> = {
  name: 'memberWithExternalId',
  ...isMemberNamed,
  key: ({ accountNumber, externalId }) => `member-with-external-id:${accountNumber}:${externalId}`,
  isPossible: ({ externalId }) => isExternalId(externalId),
  async load({ db }, { accountNumber, externalId }) {
    const found = await selectMemberNamed(db, accountNumber, 'externalId', externalId);
    return toMember(found, [`account-number:${accountNumber}`, `user-external-id:${externalId}`]);
  },
};

function toMember({ accountId, userId }: MemberNamed, tags: string[]): Loaded<number | null> {
  return { value: userId, tags: accountId === null ? tags : [...tags, `members:${accountId}`] };
}
