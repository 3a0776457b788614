import { describe, expect, test } from 'vitest';
import { countRequests, get, sql, useStack } from '../../support/stack.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();
const any = { 'If-Match': '*' };
const patch = (path: string, body: object, headers: Record<string, string> = any) =>
  change(stack.current, 'PATCH', path, body, headers);

/** What a write would leave behind. */
const traces = async () => [
  await sql(stack.current, 'select count(*) from audit_log'),
  await sql(stack.current, 'select count(*) from cache_invalidations'),
];

async function makeKey(): Promise<string> {
  const { id } = await jsonOf(
    await create(stack.current, '/v1/keys', { name: 'Same', scopes: ['directory:read'] }),
  );
  return `/v1/keys/${String(id)}`;
}

const resources: readonly [noun: string, path: () => string | Promise<string>, fields: readonly string[]][] =
  [
    ['a user', () => '/v1/users/2', ['username', 'email', 'firstName', 'isStaff', 'lastLogin']],
    ['an account', () => '/v1/accounts/3141-5926-5359', ['companyName', 'city', 'isDefaultAccount']],
    ['a profile', () => '/v1/user-profiles/2', ['name', 'profileImageUrl', 'isTest']],
    ['a key', makeKey, ['name', 'scopes', 'expiresAt']],
  ];

describe.each(resources)('a change of %s', (_noun, pathOf, fields) => {
  test('to what it is leaves no trace: the same entity tag, no token, no entry', async () => {
    const path = await pathOf();
    const read = await get(stack.current, path);
    const before = await jsonOf(read.clone());
    const etag = read.headers.get('ETag') ?? '';
    const same = Object.fromEntries(fields.map((field) => [field, before[field]]));
    const left = await traces();
    for (const body of [same, {}]) {
      for (const held of [etag, '*']) {
        const response = await patch(path, body, { 'If-Match': held });
        expect(await jsonOf(response.clone())).toEqual(before);
        expect(response.headers.get('ETag')).toBe(etag);
        expect(response.headers.get('Consistency-Token')).toBeNull();
      }
    }
    expect(await traces()).toEqual(left);
    expect(await countRequests(stack.current, () => patch(path, {}))).toEqual({ redis: 0, postgres: 1 });
  });

  test('that names nothing is refused as others are', async () => {
    const path = await pathOf();
    await expectProblem(await patch(path, {}, {}), 'precondition_required');
    await expectProblem(await patch(path, {}, { 'If-Match': '"a-3.999.x"' }), 'precondition_failed');
    await expectProblem(await patch(path, { revision: 1 }), 'bad_request');
  });
});

test.each([
  ['/v1/users/999999', 'user_does_not_exist'],
  ['/v1/accounts/0000-0000-0000', 'account_does_not_exist'],
  ['/v1/user-profiles/999999', 'user_profile_does_not_exist'],
  ['/v1/keys/999999', 'key_does_not_exist'],
] as const)('a change of %s that names nothing is 404', async (path, code) => {
  await expectProblem(await patch(path, {}), code);
});

const texts = {
  '/v1/users/3': { firstName: '', lastName: '' },
  '/v1/user-profiles/3': { name: '' },
  '/v1/accounts/1234-5678-9012': {
    phoneNumber: '',
    address1: '',
    address2: '',
    city: '',
    state: '',
    postalCode: '',
    country: 'USA',
    language: 'EN',
    timezone: 'America/New_York',
    currency: 'USD',
  },
};

test.each(Object.entries(texts))(
  'null is the default of each text of %s that has one',
  async (path, defaults) => {
    const names = Object.keys(defaults);
    const filled = await patch(path, Object.fromEntries(names.map((name) => [name, 'Filled'])));
    const { revision } = await jsonOf(filled);
    const cleared = await patch(path, Object.fromEntries(names.map((name) => [name, null])));
    expect(await jsonOf(cleared)).toMatchObject({ ...defaults, revision: Number(revision) + 1 });
    const again = await patch(path, Object.fromEntries(names.map((name) => [name, null])));
    expect(again.headers.get('ETag')).toBe(cleared.headers.get('ETag'));
  },
);

test.each([
  ['/v1/users/3', 'username'],
  ['/v1/users/3', 'email'],
  ['/v1/users/3', 'isActive'],
  ['/v1/users/3', 'isStaff'],
  ['/v1/accounts/1234-5678-9012', 'companyName'],
  ['/v1/accounts/1234-5678-9012', 'isActive'],
  ['/v1/accounts/1234-5678-9012', 'isDefaultAccount'],
  ['/v1/user-profiles/3', 'isTest'],
])('null for what has no default, or is no text, is 400: %s %s', async (path, name) => {
  const { errors } = await expectProblem(await patch(path, { [name]: null }), 'bad_request');
  expect(errors).toMatchObject([{ in: 'body', name }]);
});
