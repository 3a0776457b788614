import { createExecutionContext } from 'cloudflare:test';
import { afterEach, expect, test, vi } from 'vitest';
import { ACCOUNT_NUMBER } from '../src/directory/accounts/account-number.ts';
import { SCOPES } from '../src/directory/caller.ts';
import { USERNAME } from '../src/directory/users/users.ts';
import type { Route } from '../src/http/endpoint/registry.ts';
import * as lists from '../src/rpc/lists.ts';
import * as lookUps from '../src/rpc/look-ups.ts';
import * as resolve from '../src/rpc/resolve.ts';
import * as userWrites from '../src/rpc/user-writes.ts';
import * as writes from '../src/rpc/account-writes.ts';
import {
  goodBodyOf,
  goodLookUps,
  initOf,
  nameOf,
  pathOf,
  routes,
  useGoodRows,
} from './support/http/routes.ts';
import { KEY, send, useStack } from './support/stack.ts';

const stack = useStack();
useGoodRows(stack);

afterEach(() => vi.restoreAllMocks());

/** Marks that stand in no order, so that putting them in order takes the square of their number. */
const WORST = `a${'\u0301\u0316'.repeat(2 ** 17)}`;
/** No text that the service takes is longer. */
const MAX_TEXT = 2_048;
/** Two that are anchored and of a bounded length, and look no further; and one that the bound itself counts characters with. */
const HARMLESS = [ACCOUNT_NUMBER, USERNAME, /[\uD800-\uDBFF]/].map(({ source }) => source);

/** Notes what looks into text that is too long to be meant, but for whole bodies. */
function watchLooks(body?: string): string[] {
  const looks: string[] = [];
  const note = (name: string, subject: unknown) => {
    if (typeof subject === 'string' && subject.length > MAX_TEXT && subject !== body) looks.push(name);
  };
  for (const name of ['normalize', 'isWellFormed', 'toUpperCase', 'toLowerCase'] as const) {
    const original = String.prototype[name];
    vi.spyOn(String.prototype, name).mockImplementation(function look(this: string, ...args: unknown[]) {
      note(name, this);
      return Reflect.apply(original, this, args);
    });
  }
  for (const name of ['test', 'exec'] as const) {
    const original = RegExp.prototype[name];
    vi.spyOn(RegExp.prototype, name).mockImplementation(function look(this: RegExp, subject) {
      if (!HARMLESS.includes(this.source)) note(`${name} of ${this.source}`, subject);
      return Reflect.apply(original, this, [subject]);
    });
  }
  const parse = Date.parse;
  vi.spyOn(Date, 'parse').mockImplementation((text) => {
    note('Date.parse', text);
    return parse(text);
  });
  return looks;
}

/** The value once for each text in it, and each name of metadata, which the worst text has taken the place of. */
function* spoil(value: unknown): Generator {
  if (typeof value === 'string') yield WORST;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    for (const spoiled of spoil(part)) {
      yield Array.isArray(value) ? value.with(Number(name), spoiled) : { ...value, [name]: spoiled };
    }
    if (name === 'metadata') yield { ...value, metadata: { [WORST]: 'x' } };
  }
}

/** The good body with every field that is text. */
function fullBodyOf(route: Route): unknown {
  return { ...goodBodyOf(route), ...textsOf[nameOf(route)] };
}

const ofOtherSystems = { externalId: 'x', metadata: { name: 'x' } };
const accountTexts = {
  ...Object.fromEntries(
    'companyName phoneNumber address1 address2 city state postalCode country language timezone currency'
      .split(' ')
      .map((name) => [name, 'x']),
  ),
  ...ofOtherSystems,
};
const userTexts = {
  username: 'x',
  email: 'x',
  firstName: 'x',
  lastName: 'x',
  lastLogin: 'x',
  ...ofOtherSystems,
};
const keyTexts = { name: 'x', scopes: ['x'], expiresAt: 'x' };
const profileTexts = { name: 'x', profileImageUrl: 'x' };
const accountNumber = '1234-5678-9012';
const textsOf: Readonly<Record<string, object>> = {
  'POST /v1/accounts': { ...accountTexts, accountNumber },
  'PATCH /v1/accounts/:accountNumber': accountTexts,
  'POST /v1/keys': { ...keyTexts, accountNumber },
  'PATCH /v1/keys/:keyId': keyTexts,
  'POST /v1/users': { ...userTexts, accountNumber },
  'POST /v1/users/batch': { users: [{ ...userTexts, accountNumber }] },
  'PATCH /v1/users/:userId': userTexts,
  'POST /v1/user-profiles': { ...profileTexts, accountNumber },
  'PATCH /v1/user-profiles/:userProfileId': profileTexts,
};

const withBody = routes
  .filter(({ spec }) => spec.json)
  .map((route) => ({ routeName: nameOf(route), route, bodies: [...spoil(fullBodyOf(route))] }));

test.each(withBody)('nothing of $routeName looks into text that is too long', async ({ route, bodies }) => {
  expect(route.spec.json).toBeDefined();
  for (const spoiled of bodies) {
    const init = initOf(route, { Authorization: `Bearer ${KEY}` });
    const body = JSON.stringify(spoiled);
    const looks = watchLooks(body);
    const response = await send(stack.current, pathOf(route), { ...init, body });
    vi.restoreAllMocks();
    expect(response.status).toBeLessThan(500);
    expect([...new Set(looks)], body.replace(WORST, '…')).toEqual([]);
  }
});

test('no item of an array that has too many is looked at', async () => {
  const item = { username: 'a\u0301', email: 'many@example.com' };
  const looks = vi.spyOn(String.prototype, 'normalize');
  const response = await send(stack.current, '/v1/users/batch', {
    method: 'POST',
    headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ users: Array.from({ length: 10_000 }, () => item) }),
  });
  expect(response.status).toBe(400);
  expect(looks).not.toHaveBeenCalled();
});

const newAccount = { ...accountTexts, accountNumber };
const newUser = { ...userTexts, accountNumber };
const creation = { idempotencyKey: 'x' };
const change = { revision: 1 };
type Method = (
  env: object,
  ctx: ReturnType<typeof contextOf>,
  args: object,
  options: unknown,
) => Promise<unknown>;
const methods: readonly [string, Method, object][] = [
  ['getAccount', lookUps.account, { accountNumber }],
  ['getCachedAdminUserForAccount', lookUps.cachedAdminUserForAccount, { accountNumber }],
  ['getCachedUserForUsername', lookUps.cachedUserForUsername, { username: 'x' }],
  ['getAccountByExternalId', lookUps.accountForExternalId, { externalId: 'x' }],
  ['getUserByExternalId', lookUps.userForExternalId, { externalId: 'x' }],
  ['search', lists.search, { q: 'x' }],
  ['resolveUser', resolve.resolveUser, { user: 'x' }],
  ['getUserProfilesForAccount', lookUps.userProfilesForAccount, { accountNumber }],
  ['getUsersForAccount', lookUps.usersForAccount, { accountNumber }],
  ['getMany', lookUps.many, { lookUps: Object.values(goodLookUps) }],
  ['createAccount', writes.createAccount, { account: newAccount, options: creation }],
  ['changeAccount', writes.changeAccount, { accountNumber, changes: accountTexts, options: change }],
  ['switchDefaultAccount', writes.switchDefaultAccount, { accountNumber }],
  ['deleteAccount', writes.deleteAccount, { accountNumber, options: change }],
  ['createUser', userWrites.createUser, { user: newUser, options: creation }],
  ['createUsers', userWrites.createUsers, { users: [newUser], options: creation }],
  ['changeUser', userWrites.changeUser, { userId: 3, changes: userTexts, options: change }],
  [
    'createUserProfile',
    userWrites.createUserProfile,
    { profile: { userId: 3, accountNumber, ...profileTexts }, options: creation },
  ],
  [
    'changeUserProfile',
    userWrites.changeUserProfile,
    { userProfileId: 3, changes: profileTexts, options: change },
  ],
];

function contextOf(scopes: readonly string[]) {
  return Object.assign(createExecutionContext(), { props: { name: 'tests', scopes } });
}

test.each(methods)('nothing of %s over RPC looks into text that is too long', async (_name, call, args) => {
  for (const spoiled of spoil(args) as Iterable<object>) {
    const looks = watchLooks();
    const answer = call(stack.current.env, contextOf(SCOPES), spoiled, { consistencyToken: WORST });
    await expect(answer).rejects.toMatchObject({ code: expect.any(String) });
    const unsaid = call(stack.current.env, contextOf(SCOPES), spoiled, undefined);
    await unsaid.catch(() => {});
    vi.restoreAllMocks();
    expect([...new Set(looks)], JSON.stringify(spoiled).replace(WORST, '…')).toEqual([]);
  }
});

test.each(methods)('%s over RPC parses nothing of a caller without the right', async (_name, call, args) => {
  for (const spoiled of spoil(args) as Iterable<object>) {
    const looks = vi.spyOn(RegExp.prototype, 'test');
    const answer = call(stack.current.env, contextOf(['keys:write']), spoiled, { consistencyToken: WORST });
    await expect(answer).rejects.toMatchObject({ code: 'forbidden' });
    const tested = looks.mock.calls.filter(([subject]) => subject === WORST);
    expect(tested).toEqual([]);
    looks.mockRestore();
  }
});
