import { createExecutionContext } from 'cloudflare:test';
import { beforeEach, expect, test } from 'vitest';
import { ACCOUNT_NUMBER } from '../../src/directory/accounts/account-number.ts';
import { makeDeps } from '../../src/deps.ts';
import { ROOT } from '../../src/directory/caller.ts';
import { getCachedAdminUserForAccount } from '../../src/directory/accounts/admins.ts';
import type { Deps } from '../../src/directory/deps.ts';
import { readWholeList } from '../../src/directory/list.ts';
import { usersOfAccount } from '../../src/directory/users/users.ts';
import { countRequests, get, sql, useSeedForEach, useStack } from '../support/stack.ts';
import { notReplayed, rows } from '../support/upstream.ts';

const stack = useStack();
useSeedForEach(stack);
const NUMBER = '4242-4242-4242';
const ACCOUNT = `/v1/accounts/${NUMBER}`;
const ACCOUNT_ID = 100;
const ADMIN = { id: 100, username: 'fixture_admin' };
const MORTAL = { id: 101, username: 'mortal' };

// The original's fixture: an account with an admin and a user who is none.
beforeEach(async () => {
  await sql(
    stack.current,
    `insert into accounts (id, account_number, company_name, phone_number, address1)
     values (${ACCOUNT_ID}, '${NUMBER}', 'Fixture', '123', 'Street')`,
  );
  await sql(
    stack.current,
    `insert into users (id, username, email, is_staff, is_superuser)
     values (${ADMIN.id}, '${ADMIN.username}', 'a@example.com', true, true),
       (${MORTAL.id}, '${MORTAL.username}', 'm@example.com', false, false)`,
  );
  await sql(
    stack.current,
    `insert into user_profiles (id, user_id, account_id) values (100, 100, ${ACCOUNT_ID}), (101, 101, ${ACCOUNT_ID})`,
  );
});

async function read(path: string, headers: Record<string, string> = {}): Promise<unknown> {
  return (await get(stack.current, path, headers)).json();
}

const reload = (path: string) => read(path, { 'Cache-Control': 'no-cache' });

/** `invalidate=True`, and then the cached answer. */
async function expectBoth(path: string, expected: object): Promise<void> {
  expect(await reload(path)).toMatchObject(expected);
  expect(await read(path)).toMatchObject(expected);
}

async function expectProblem(path: string, status: number, code: string): Promise<void> {
  expect(await reload(path)).toMatchObject({ status, code });
}

const deps = (): Deps => makeDeps(stack.current.env, createExecutionContext());
const setDefault = (isDefault: boolean) =>
  sql(stack.current, 'update accounts set is_default_account = $1 where id = 1', isDefault);
const loads = async (path: string, headers = {}) =>
  (await countRequests(stack.current, () => read(path, headers))).postgres;

/** By the name of the row. */
const replays: Readonly<Record<string, () => Promise<void>>> = {
  async 'A1 apps/account/tests/test_utils.py:24-26'() {
    expect(await read('/v1/platform/admin-profile')).toMatchObject({ user: { username: 'admin' } });
  },
  async 'A1 apps/account/tests/test_utils.py:28-33'() {
    const [user, account] = [await read('/v1/users/1'), await read('/v1/accounts/3141-5926-5359')];
    expect(await read('/v1/platform/admin-profile')).toMatchObject({ user, account });
  },
  async 'A1 apps/account/tests/test_utils.py:41-46'() {
    expect(await read('/v1/accounts/default')).toMatchObject({ isDefaultAccount: true });
  },
  async 'A1 apps/account/tests/test_utils.py:48-69'() {
    const path = '/v1/accounts/default';
    await expectBoth(path, { id: 1 });
    await setDefault(false);
    await expectProblem(path, 404, 'no_default_account');
    await setDefault(true);
    await expectBoth(path, { id: 1, isDefaultAccount: true });
  },
  'A1 apps/account/tests/test_utils.py:79-86': () =>
    expectBoth(`/v1/users/${ADMIN.id}/account`, { accountNumber: NUMBER }),
  'A1 apps/account/tests/test_utils.py:88-90': () =>
    expectProblem('/v1/users/999/account', 404, 'no_account_for_user'),
  'A1 apps/account/tests/test_utils.py:98-103': () => expectBoth(`/v1/users/${MORTAL.id}`, MORTAL),
  'A1 apps/account/tests/test_utils.py:115-121': () => expectBoth('/v1/users/by-username/mortal', MORTAL),
  'A1 apps/account/tests/test_utils.py:123-125': () =>
    expectProblem('/v1/users/by-username/notfound', 404, 'user_does_not_exist'),
  'A1 apps/account/tests/test_utils.py:133-138': () => expectBoth(`${ACCOUNT}/admin-user`, ADMIN),
  // No account is an error of the caller here, not an absent user.
  'A1 apps/account/tests/test_utils.py:140-142': () =>
    expect(getCachedAdminUserForAccount(deps(), { caller: ROOT, requestId: '1' }, '')).rejects.toMatchObject({
      code: 'account_required',
    }),
  'A1 apps/account/tests/test_utils.py:168-173': async () =>
    expect(await read(`${ACCOUNT}/users`)).toMatchObject({ items: [ADMIN, MORTAL] }),
  'A1 apps/account/tests/test_utils.py:175-177': () =>
    expect(readWholeList(deps(), usersOfAccount, ROOT, { accountNumber: '' })).rejects.toMatchObject({
      code: 'account_required',
    }),
  'A1 apps/account/tests/test_utils.py:185-189': async () =>
    expect(await read(`${ACCOUNT}/user-profiles`)).toMatchObject({
      items: [
        { id: 100, user: ADMIN },
        { id: 101, user: MORTAL },
      ],
    }),
  'A2 apps/account/tests/test_account_mixin.py:142-147': async () =>
    expect(await read('/v1/context')).toEqual({ accountNumber: null, account: null }),
  async 'A2 apps/account/tests/test_account_mixin.py:149-157'() {
    expect(await read('/v1/users/101')).toMatchObject(MORTAL);
    expect(await read('/v1/users/101/account')).toMatchObject({ accountNumber: NUMBER });
    expect(await read('/v1/user-profiles/101')).toMatchObject({
      user: MORTAL,
      account: { accountNumber: NUMBER },
    });
  },
  async 'A2 apps/account/tests/test_account_mixin.py:199-210'() {
    expect(await read('http://x.2718-2818-2845.api.localhost:8787/v1/context')).toMatchObject({
      account: { id: 3 },
    });
    await expectProblem('/v1/accounts/2718-2818-2845/admin-user', 404, 'admin_user_does_not_exist');
    expect(await reload('/v1/accounts/2718-2818-2845/users')).toEqual({ items: [], nextCursor: null });
  },
  async 'A2 apps/account/tests/test_account_mixin.py:212-215'() {
    const { items } = (await read('/v1/accounts/1234-5678-9012/users')) as { items: unknown[] };
    expect(items).not.toContainEqual(expect.objectContaining(MORTAL));
    expect(await read('/v1/users/101/account')).not.toMatchObject({ accountNumber: '1234-5678-9012' });
  },
  'A3 apps/account/tests/test_mixins.py:123-138': async () =>
    expect(await read('/v1/user-profiles/101')).toMatchObject({
      account: { accountNumber: NUMBER },
      user: { username: 'mortal' },
    }),
  async 'A3 apps/account/tests/test_mixins.py:140-147'() {
    const answer = await read('/v1/users/1', { Authorization: 'Bearer invalidtoken' });
    expect(answer).toMatchObject({ status: 401, code: 'unauthorized' });
  },
  async 'A4 apps/account/models/tests/test_account.py:57-84'() {
    await sql(stack.current, `update accounts set company_name = 'Renamed' where id = ${ACCOUNT_ID}`);
    const kept = { phoneNumber: '123', address1: 'Street', accountNumber: NUMBER };
    await expectBoth(ACCOUNT, { companyName: 'Renamed', ...kept });
  },
  async 'A4 apps/account/models/tests/test_account.py:86-112'() {
    await sql(
      stack.current,
      "insert into users (id, username, email) values (102, 'third', 't@example.com')",
    );
    await sql(
      stack.current,
      `insert into user_profiles (id, user_id, account_id) values (102, 102, ${ACCOUNT_ID})`,
    );
    await expectBoth('/v1/user-profiles/102', { user: { id: 102 }, account: { id: ACCOUNT_ID } });
  },
  async 'A4 apps/account/models/tests/test_user_profile.py:39-54'() {
    const [user, account] = [await reload('/v1/users/101'), await reload(ACCOUNT)];
    await expectBoth('/v1/user-profiles/101', { user: user as object, account: account as object });
  },
  'A4 apps/account/models/tests/test_user_profile.py:82-89': () => expectBoth(`${ACCOUNT}/admin-user`, ADMIN),
  // By id alone: a name is not unique, and a user can have several profiles.
  'A4 apps/account/models/tests/test_user_profile.py:91-127': () =>
    expectBoth('/v1/user-profiles/100', { id: 100, user: ADMIN }),
  async 'A4 apps/account/models/tests/test_user_profile.py:194-197'() {
    await expect(sql(stack.current, 'insert into user_profiles (account_id) values (1)')).rejects.toThrow(
      /null/,
    );
    await expect(sql(stack.current, 'insert into user_profiles (user_id) values (1)')).rejects.toThrow(
      /null/,
    );
  },
  'A4 apps/account/models/tests/test_user_profile.py:199-202': () =>
    expectProblem('/v1/users/by-username/notarealuser123', 404, 'user_does_not_exist'),
  // The account of the lowest profile, where the original takes that of the newest.
  async 'A4 apps/account/models/tests/test_user_profile.py:270-300'() {
    const insert = 'insert into user_profiles (id, user_id, account_id) values (103, 101, $1)';
    await expect(sql(stack.current, insert, ACCOUNT_ID)).rejects.toThrow(/duplicate/);
    await sql(stack.current, insert, 2);
    await expectBoth('/v1/users/101/account', { accountNumber: NUMBER });
  },
  'B2 lib/drf/tests/test_middleware.py #3': async () =>
    expect(await read('/v1/users/1', { Authorization: 'Token ea_local_root' })).toMatchObject({ id: 1 }),
  'B2 lib/drf/tests/test_middleware.py #5': async () =>
    expect(await read('/v1/users/1', { Authorization: 'Token invalidtoken1234567890' })).toMatchObject({
      status: 401,
    }),
  async 'C1 lib/cache/tests/test_cache.py:115-130'() {
    expect([await loads('/v1/users/2'), await loads('/v1/users/2')]).toEqual([1, 0]);
  },
  async 'C1 lib/cache/tests/test_cache.py:150-162'() {
    const [path, other] = [`${ACCOUNT}/users?limit=20`, `${ACCOUNT}/users?limit=500`];
    expect([await loads(path), await loads(path), await loads(other)]).toEqual([1, 0, 1]);
  },
  async 'C1 lib/cache/tests/test_cache.py:164-177'() {
    const path = '/v1/users/4';
    const reloads = () => loads(path, { 'Cache-Control': 'no-cache' });
    expect([await loads(path), await loads(path), await reloads(), await loads(path)]).toEqual([1, 0, 1, 0]);
  },
  'C2 lib/django/tests/test_validator.py #1': () =>
    expectProblem('/v1/accounts/123456789012', 400, 'bad_request'),
  async 'C2 lib/django/tests/test_validator.py #2'() {
    expect(ACCOUNT_NUMBER.test('1234-5678-9012')).toBe(true);
    expect(ACCOUNT_NUMBER.test('123456789012')).toBe(false);
  },
};

test.each(rows.filter(({ name }) => name in replays))('$name: $input', async ({ name }) => {
  expect.hasAssertions();
  await replays[name]?.();
});

test('every row is replayed or has a reason why not', () => {
  const [replayed, left] = [Object.keys(replays), Object.keys(notReplayed)];
  expect([...replayed, ...left].toSorted()).toEqual(rows.map(({ name }) => name).toSorted());
});
