import type * as z from 'zod';
import type { Db } from '../../../src/db/client/client.ts';
import { requireActiveAccount } from '../../../src/directory/accounts/active-account.ts';
import {
  accountByExternalId,
  accountByNumber,
  accountForUser,
  accountsOfUser,
  defaultAccount,
} from '../../../src/directory/accounts/accounts.ts';
import { adminOfAccount, platformAdmin } from '../../../src/directory/accounts/admins.ts';
import type { Caller } from '../../../src/directory/caller.ts';
import type { Deps, Platform } from '../../../src/directory/deps.ts';
import { LookUpError, RefusedError } from '../../../src/directory/errors.ts';
import { apiKeyById } from '../../../src/directory/keys/checked-key.ts';
import { makeKeyUses } from '../../../src/directory/keys/uses.ts';
import type { Page } from '../../../src/directory/page.ts';
import { type DefinedList, readList } from '../../../src/directory/list.ts';
import { find, type InputOf } from '../../../src/directory/look-up.ts';
import {
  userProfileById,
  userProfilesOfAccount,
  validResourceOwners,
} from '../../../src/directory/profiles/profiles.ts';
import {
  userByExternalId,
  userById,
  userByUsername,
  usersOfAccount,
} from '../../../src/directory/users/users.ts';
import { requireVisible } from '../../../src/directory/visibility.ts';
import { makeFakeCache } from '../cache/fake-cache.ts';

/** Keys few enough that random statements meet each of them again and again. */
export const universe = {
  accountIds: [1, 2, 3],
  userIds: [1, 2, 3],
  profileIds: [1, 2, 3, 4],
  keyIds: [1, 2],
  accountNumbers: ['0000-0000-0001', '0000-0000-0002'],
  usernames: ['admin', 'ann', 'user:1', 'bob'],
  externalIds: ['crm:1', 'crm/2'],
} as const;

const absent = { id: 99, accountNumber: '0000-0000-0099', username: 'nobody', externalId: 'none' };

const platform: Platform = {
  accountNumber: universe.accountNumbers[0],
  adminUsername: universe.usernames[0],
  rootDomain: 'corp.example',
  environment: 'test',
  keysPerAccount: 10,
  deletionsKeptDays: 30,
};

const pages: (Page | undefined)[] = [
  undefined,
  { afterId: 0, limit: 1, isCached: true },
  { afterId: 1, limit: 2, isCached: true },
];

/** The tag of what is stored nowhere, and so ends with its read. */
export const KEPT_NOWHERE = 'kept nowhere';

/** What a look-up would have stored. */
export interface Stored {
  readonly payload: string;
  readonly tags: readonly string[];
}

/** What every look-up of the universe loads now, by the look-up's name; nothing is answered from a cache. */
export async function loadEveryLookUp(db: Db): Promise<Map<string, Stored>> {
  const loaded = new Map<string, Stored>();
  for (const [name, ask] of lookUps) loaded.set(name, await load(db, name, ask));
  return loaded;
}

type Ask = (deps: Deps) => Promise<unknown>;

const userIds = [...universe.userIds, absent.id];
const usernames = [...universe.usernames, absent.username];
const externalIds = [...universe.externalIds, absent.externalId];
const numbers = [...universe.accountNumbers, absent.accountNumber];
const profileIds = [...universe.profileIds, absent.id];
const accountsThere = universe.accountNumbers.map((accountNumber) => ({ accountNumber }));
const accountGone = { accountNumber: absent.accountNumber };
const usersThere = universe.userIds.map((userId) => ({ userId }));
const profilesThere = universe.profileIds.map((userProfileId) => ({ userProfileId }));

const lookUps: [string, Ask][] = [
  ['default account', (deps) => find(deps, defaultAccount, {})],
  ['platform admin', (deps) => find(deps, platformAdmin, {})],
  ...each('user', userIds, (deps, userId) => find(deps, userById, { userId })),
  ...each('account for user', userIds, (deps, userId) => find(deps, accountForUser, { userId })),
  ...each('username', usernames, (deps, username) => find(deps, userByUsername, { username })),
  ...each('user with', externalIds, (deps, externalId) => find(deps, userByExternalId, { externalId })),
  ...each('account with', externalIds, (deps, externalId) => find(deps, accountByExternalId, { externalId })),
  ...each('account', numbers, (deps, accountNumber) => find(deps, accountByNumber, { accountNumber })),
  ...each('admin of', numbers, (deps, accountNumber) => find(deps, adminOfAccount, { accountNumber })),
  ...each('profile', profileIds, (deps, userProfileId) => find(deps, userProfileById, { userProfileId })),
  ...universe.accountNumbers.flatMap((accountNumber) => [
    ...each(`sight in ${accountNumber} of user`, userIds, (deps, userId) =>
      requireVisible(deps, boundTo(accountNumber), { kind: 'user', userId }),
    ),
    ...each(
      `sight in ${accountNumber} of username`,
      [...universe.usernames, absent.username],
      (deps, username) => requireVisible(deps, boundTo(accountNumber), { kind: 'username', username }),
    ),
    ...each(`sight in ${accountNumber} of user with`, externalIds, (deps, externalId) =>
      requireVisible(deps, boundTo(accountNumber), { kind: 'user-external-id', externalId }),
    ),
    ...each(`sight in ${accountNumber} of account with`, externalIds, (deps, externalId) =>
      requireVisible(deps, boundTo(accountNumber), { kind: 'account-external-id', externalId }),
    ),
    ...each(
      `sight in ${accountNumber} of profile`,
      [...universe.profileIds, absent.id],
      (deps, userProfileId) =>
        requireVisible(deps, boundTo(accountNumber), { kind: 'user-profile', userProfileId }),
    ),
  ]),
  ...each('state of', numbers, (deps, accountNumber) => requireActiveAccount(deps, boundTo(accountNumber))),
  ...each('key', [...universe.keyIds, absent.id], (deps, id) => find(deps, apiKeyById, id)),
  ...eachPage('users of', usersOfAccount, accountsThere, accountGone),
  ...eachPage('accounts of', accountsOfUser, usersThere, { userId: absent.id }),
  ...universe.accountNumbers.flatMap((within) =>
    each(`account in ${within} of`, userIds, (deps, userId) =>
      readList(deps, accountsOfUser, { input: { userId }, page: undefined, within }),
    ),
  ),
  ...eachPage('profiles of', userProfilesOfAccount, accountsThere, accountGone),
  ...eachPage('owners for', validResourceOwners, profilesThere, { userProfileId: absent.id }),
];

function boundTo(accountNumber: string): Caller {
  return { id: 'key:1', scopes: new Set(), accountNumber };
}

function each<K>(noun: string, keys: readonly K[], ask: (deps: Deps, key: K) => Promise<unknown>) {
  return keys.map((key): [string, Ask] => [`${noun} ${key}`, (deps) => ask(deps, key)]);
}

/** The list of every owner of one, whole and by pages, and that of an owner who is not there. */
function eachPage<S extends z.ZodRawShape, T>(
  noun: string,
  list: DefinedList<S, T>,
  owners: readonly InputOf<S>[],
  absentOwner: InputOf<S>,
): [string, Ask][] {
  const ask = (input: InputOf<S>, page: Page | undefined): [string, Ask] => [
    `${noun} ${JSON.stringify(input)} ${JSON.stringify(page)}`,
    (deps) => readList(deps, list, { input, page, within: null }),
  ];
  return [...pages.flatMap((page) => owners.map((owner) => ask(owner, page))), ask(absentOwner, undefined)];
}

// A cache of its own for each look-up: it misses, and its one fill, or what memory alone may hold, is what was stored.
async function load(db: Db, name: string, ask: Ask): Promise<Stored> {
  const fake = makeFakeCache();
  const inMemory: Stored[] = [];
  const set: typeof fake.memory.set = (key, entry, nowMs) => {
    inMemory.push({ payload: JSON.stringify(entry.value), tags: entry.tags });
    return fake.memory.set(key, entry, nowMs);
  };
  const cache = { ...fake, memory: { ...fake.memory, set } };
  await ask({ cache, db, platform, keyUses: makeKeyUses(), log: cache.log }).catch(unlessAbsent);
  // What decides rights is sealed on its way to the shared store.
  await Promise.all(fake.pending);
  const stored = cache.shared.fills.length > 0 ? cache.shared.fills : inMemory;
  const [answer, ...more] = stored;
  // That there is no such key is kept nowhere.
  if (!answer && name.startsWith('key ')) return { payload: 'null', tags: [KEPT_NOWHERE] };
  if (!answer || more.length > 0) throw new Error(`${name} stored ${stored.length} answers, not one`);
  return { payload: answer.payload, tags: answer.tags.toSorted() };
}

// What is absent, or says no, was stored all the same.
function unlessAbsent(error: unknown): void {
  const isInactive = error instanceof RefusedError && error.code === 'account_is_inactive';
  if (!isInactive && !(error instanceof LookUpError)) throw error;
}
