import { expect, test } from 'vitest';
import { get, sql, useStack } from '../../support/stack.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { issueKey } from '../../support/http/issued-keys.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();
const ANY = { 'If-Match': '*' };

/** Every text that people read, with the rest of a good body. */
const named = [
  ...[
    'companyName',
    'phoneNumber',
    'address1',
    'address2',
    'city',
    'state',
    'postalCode',
    'country',
    'language',
    'timezone',
    'currency',
  ].map((field) => ({ method: 'PATCH', path: '/v1/accounts/1234-5678-9012', field, body: {} })),
  { method: 'POST', path: '/v1/accounts', field: 'companyName', body: {} },
  { method: 'PATCH', path: '/v1/users/3', field: 'firstName', body: {} },
  {
    method: 'POST',
    path: '/v1/users',
    field: 'lastName',
    body: { username: 'courteous', email: 'a@b.example' },
  },
  { method: 'PATCH', path: '/v1/user-profiles/3', field: 'name', body: {} },
  {
    method: 'POST',
    path: '/v1/user-profiles',
    field: 'name',
    body: { userId: 5, accountNumber: '2718-2818-2845' },
  },
  { method: 'POST', path: '/v1/keys', field: 'name', body: { scopes: ['directory:read'] } },
];

test.each(named)(
  '$method $path takes no $field that shows nothing or in another order',
  async ({ method, path, field, body }) => {
    for (const text of [
      'a\u202eb',
      '\u2066a',
      'a\u2069',
      ' ',
      '\u00a0\u3000',
      '\u200b',
      '\u2800',
      '\u3164',
    ]) {
      const response = await change(stack.current, method, path, { ...body, [field]: text }, ANY);
      const { errors } = await expectProblem(response, 'bad_request');
      expect([text, errors?.map(({ name }) => name)]).toEqual([text, [field]]);
    }
  },
);

test('text of any script is a name, and no text where none is needed', async () => {
  for (const text of ['שלום \u200f(א)', 'مرحبا', '山田 太郎', 'e\u0301', '-', '']) {
    const response = await change(stack.current, 'PATCH', '/v1/users/3', { firstName: text }, ANY);
    expect(await jsonOf(response)).toMatchObject({ firstName: text });
  }
});

test('times take t and z', async () => {
  const lastLogin = '2026-01-02t03:04:05.678z';
  const response = await change(stack.current, 'PATCH', '/v1/users/3', { lastLogin }, ANY);
  expect(await jsonOf(response)).toMatchObject({ lastLogin: '2026-01-02T03:04:05.678Z' });
  const { expiresAt } = await jsonOf(
    await create(stack.current, '/v1/keys', {
      name: 'x',
      scopes: ['directory:read'],
      expiresAt: '2099-01-02t03:04:05+00:00',
    }),
  );
  expect(expiresAt).toBe('2099-01-02T03:04:05.000Z');
  const log = await get(stack.current, '/v1/audit?since=2026-01-01t00:00:00z&until=2099-01-01t00:00:00.5z');
  expect(log.status).toBe(200);
});

test('a key whose account is gone is listed as such, and not as one for all accounts', async () => {
  const account = await jsonOf(await create(stack.current, '/v1/accounts', { companyName: 'Going' }));
  const { id } = await issueKey(stack.current, { accountNumber: account['accountNumber'] });
  await sql(stack.current, 'alter table accounts disable trigger accounts_keys_deleted');
  await sql(stack.current, 'delete from accounts where id = $1', account['id']);
  await sql(stack.current, 'alter table accounts enable always trigger accounts_keys_deleted');
  const gone = { id, accountNumber: null, isAccountGone: true };
  expect(await jsonOf(await get(stack.current, `/v1/keys/${id}`))).toMatchObject(gone);
  const { items } = await jsonOf(await get(stack.current, '/v1/keys?limit=500'));
  expect(items).toContainEqual(expect.objectContaining(gone));
  expect(items).not.toContainEqual(expect.objectContaining({ isAccountGone: false }));
});
