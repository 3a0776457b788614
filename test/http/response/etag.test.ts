import { describe, expect, test } from 'vitest';
import { get, newIsolate, sql, useSeedForEach, useStack } from '../../support/stack.ts';
import { change } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { lookUps } from '../../support/http/seed.ts';

const stack = useStack();
useSeedForEach(stack);
const context = 'http://hr.1234-5678-9012.api.localhost:8787/v1/context';
const paths = [...lookUps.map(({ path }) => path), context];

async function etagOf(path: string): Promise<string> {
  const response = await get(newIsolate(stack.current), path, { 'Cache-Control': 'no-cache' });
  expect(response.status).toBe(200);
  return response.headers.get('ETag') ?? '';
}

describe.each(paths)('%s', (path) => {
  test('has a strong entity tag that stays while nothing changes', async () => {
    const etag = await etagOf(path);
    expect(etag).toMatch(/^"[\x21\x23-\x7e]+"$/);
    expect(await etagOf(path)).toBe(etag);
  });

  test('is 304 to who has it, without a body and with the headers of a 200', async () => {
    const etag = await etagOf(path);
    for (const held of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const response = await get(stack.current, path, { 'If-None-Match': held });
      expect(response.status).toBe(304);
      expect(await response.text()).toBe('');
      expect(response.headers.get('ETag')).toBe(etag);
      expect(response.headers.get('Cache-Control')).toBe('private, no-cache');
      expect(response.headers.get('Cache-Status')).toContain('isolate');
    }
  });

  test('is 200 to who has another', async () => {
    for (const held of ['"other"', (await etagOf(path)).slice(1, -1), '']) {
      expect((await get(stack.current, path, { 'If-None-Match': held })).status).toBe(200);
    }
  });
});

const changes = {
  user: (id: number) => `update users set first_name = first_name || 'x' where id = ${id}`,
  account: (id: number) => `update accounts set city = city || 'x' where id = ${id}`,
  profile: (id: number) => `update user_profiles set name = name || 'x' where id = ${id}`,
};

test.each([
  { path: '/v1/users/3', shown: [changes.user(3)] },
  { path: '/v1/users/by-username/johndoe', shown: [changes.user(3)] },
  { path: '/v1/users/3/account', shown: [changes.account(2)] },
  { path: '/v1/accounts/1234-5678-9012', shown: [changes.account(2)] },
  { path: context, shown: [changes.account(2)] },
  { path: '/v1/accounts/default', shown: [changes.account(1)] },
  { path: '/v1/accounts/1234-5678-9012/admin-user', shown: [changes.user(4)] },
  { path: '/v1/accounts/1234-5678-9012/users', shown: [changes.user(3), changes.user(4), changes.user(6)] },
  { path: '/v1/user-profiles/3', shown: [changes.user(3), changes.account(2), changes.profile(3)] },
  { path: '/v1/platform/admin-profile', shown: [changes.user(1), changes.account(1), changes.profile(1)] },
  ...['/v1/accounts/1234-5678-9012/user-profiles', '/v1/user-profiles/3/valid-resource-owners'].map(
    (path) => ({
      path,
      shown: [changes.user(6), changes.account(2), changes.profile(5)],
    }),
  ),
])('the tag of $path changes with every row shown', async ({ path, shown }) => {
  const tags = new Set([await etagOf(path)]);
  for (const statement of shown) {
    await sql(stack.current, statement);
    tags.add(await etagOf(path));
  }
  expect(tags.size).toBe(1 + shown.length);
});

test('the tag of a list changes when a member comes and when one goes', async () => {
  const path = '/v1/accounts/1234-5678-9012/users';
  const tags = [await etagOf(path)];
  await sql(stack.current, 'insert into user_profiles (id, user_id, account_id) values (50, 5, 2)');
  tags.push(await etagOf(path));
  await sql(stack.current, 'delete from user_profiles where id = 4');
  tags.push(await etagOf(path));
  expect(new Set(tags).size).toBe(3);
});

test('the tag of a page changes when it becomes the last, though its rows stay', async () => {
  const path = '/v1/accounts/3141-5926-5359/users?limit=2';
  const before = await etagOf(path);
  await sql(stack.current, 'delete from user_profiles where id = 6');
  expect(await etagOf(path)).not.toBe(before);
});

test('the context of a host without an account number has a tag too', async () => {
  const etag = await etagOf('/v1/context');
  expect((await get(stack.current, '/v1/context', { 'If-None-Match': etag })).status).toBe(304);
});

test('a PUT is answered in full to who has the tag', async () => {
  const path = '/v1/accounts/3141-5926-5359/admin-user';
  const response = await get(stack.current, path, { 'If-None-Match': await etagOf(path) }, 'PUT');
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ username: 'admin' });
});

test.each([
  { table: 'users', path: '/v1/users/2', id: 2, column: 'first_name', field: 'firstName' },
  { table: 'accounts', path: '/v1/accounts/1618-0339-8874', id: 4, column: 'city', field: 'city' },
  { table: 'user_profiles', path: '/v1/user-profiles/2', id: 2, column: 'name', field: 'name' },
])(
  'a row of $table made again with its id and its dates has another tag',
  async ({ table, path, id, column, field }) => {
    if (table === 'user_profiles')
      await sql(
        stack.current,
        'insert into user_profiles (id, user_id, account_id) values (2, 2, 1) on conflict do nothing',
      );
    const etag = await etagOf(path);
    await sql(
      stack.current,
      `with gone as (delete from ${table} where id = ${id} returning *)
     insert into ${table} select (jsonb_populate_record(null::${table}, to_jsonb(gone) || '{"${column}": "Other", "revision": 1}')).*
     from gone`,
    );
    const read = await get(stack.current, path, { 'If-None-Match': etag, 'Cache-Control': 'no-cache' });
    expect(read.status).toBe(200);
    expect(await read.json()).toMatchObject({ [field]: 'Other' });
    const held = { 'If-Match': etag };
    await expectProblem(
      await change(stack.current, 'PATCH', path, { [field]: 'New' }, held),
      'precondition_failed',
    );
  },
);
