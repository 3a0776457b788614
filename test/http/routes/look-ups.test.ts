import { describe, expect, test } from 'vitest';
import { get, newIsolate, useStack } from '../../support/stack.ts';
import * as seed from '../../support/http/seed.ts';

const stack = useStack();
const answer = async (path: string): Promise<unknown> => (await get(stack.current, path)).json();

test.each(seed.lookUps)(
  '$path answers the row of the seed, in its schema',
  async ({ path, schema, expected }) => {
    const response = await get(stack.current, path);
    expect(response.status).toBe(200);
    expect(schema.strict().parse(await response.json())).toEqual(expected);
  },
);

test.each([
  { userId: 1, expected: seed.smarter, why: "the platform account for the platform's admin" },
  { userId: 2, expected: seed.smarter, why: 'the only one' },
  { userId: 3, expected: seed.stackademy, why: 'the only one' },
  { userId: 4, expected: seed.stackademy, why: 'the only one' },
  { userId: 6, expected: seed.smarter, why: 'the default account before that of the lowest profile' },
  { userId: 7, expected: seed.dormant, why: 'the only one, though inactive' },
])('the account of user $userId is $expected.companyName: $why', async ({ userId, expected }) => {
  expect(await answer(`/v1/users/${userId}/account`)).toEqual(expected);
});

test.each([seed.admin, seed.staffUser, seed.johndoe, seed.janedoe, seed.nomad, seed.both, seed.dormantDan])(
  'user $username is found by id and by username',
  async (expected) => {
    expect(await answer(`/v1/users/${expected.id}`)).toEqual(expected);
    expect(await answer(`/v1/users/by-username/${expected.username}`)).toEqual(expected);
  },
);

test.each([seed.smarter, seed.stackademy, seed.empty, seed.dormant])(
  'account $accountNumber is found by its number',
  async (expected) => {
    expect(await answer(`/v1/accounts/${expected.accountNumber}`)).toEqual(expected);
  },
);

test.each([
  { account: seed.smarter, profiles: seed.smarterProfiles },
  { account: seed.stackademy, profiles: seed.stackademyProfiles },
  { account: seed.empty, profiles: [] },
  { account: seed.dormant, profiles: seed.dormantProfiles },
])('$account.companyName lists its profiles and users by id', async ({ account, profiles }) => {
  const path = `/v1/accounts/${account.accountNumber}`;
  const users = profiles.map(({ user }) => user);
  expect(await answer(`${path}/user-profiles`)).toEqual({ items: profiles, nextCursor: null });
  expect(await answer(`${path}/users`)).toEqual({ items: users, nextCursor: null });
});

describe.each([
  { name: 'Smarter', profiles: seed.smarterProfiles },
  { name: 'Stackademy', profiles: seed.stackademyProfiles },
  { name: 'Dormant Inc', profiles: seed.dormantProfiles },
])('in $name', ({ profiles }) => {
  test.each(profiles)('profile $id is found, and every profile may own its resources', async (expected) => {
    expect(await answer(`/v1/user-profiles/${expected.id}`)).toEqual(expected);
    const owners = await answer(`/v1/user-profiles/${expected.id}/valid-resource-owners`);
    expect(owners).toEqual({ items: profiles, nextCursor: null });
  });
});

test.each([
  ['3141-5926-5359', seed.admin],
  ['1234-5678-9012', seed.janedoe],
])('the admin of %s is the staff member of the lowest profile', async (accountNumber, expected) => {
  expect(await answer(`/v1/accounts/${accountNumber}/admin-user`)).toEqual(expected);
});

test.each([
  ['hr.3141-5926-5359.api.localhost:8787', { accountNumber: '3141-5926-5359', account: seed.smarter }],
  ['hr.1618-0339-8874.api.localhost:8787', { accountNumber: '1618-0339-8874', account: seed.dormant }],
  ['hr.0000-0000-0000.api.localhost:8787', { accountNumber: '0000-0000-0000', account: null }],
  ['api.localhost:8787', { accountNumber: null, account: null }],
])('the context of %s is its account', async (host, expected) => {
  const response = await get(stack.current, `http://${host}/v1/context`);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(expected);
});

test.each(seed.lookUps)('$path is answered the same by Postgres, Redis and memory', async ({ path }) => {
  const isolate = newIsolate(stack.current);
  const fromPostgres = await get(isolate, path, { 'Cache-Control': 'no-cache' });
  const fromMemory = await get(isolate, path);
  const fromRedis = await get(newIsolate(stack.current), path);
  expect(fromPostgres.headers.get('Cache-Status')).toContain('redis; fwd');
  expect(fromMemory.headers.get('Cache-Status')).toContain('isolate; hit');
  expect(fromRedis.headers.get('Cache-Status')).toContain('redis; hit');
  const body = await fromPostgres.text();
  expect(await fromMemory.text()).toBe(body);
  expect(await fromRedis.text()).toBe(body);
  expect(new Set([fromPostgres, fromMemory, fromRedis].map(({ headers }) => headers.get('ETag'))).size).toBe(
    1,
  );
});
