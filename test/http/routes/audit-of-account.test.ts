import { beforeEach, describe, expect, test } from 'vitest';
import type { AuditEntry } from '../../../src/directory/audit.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { issueKey, withKey } from '../../support/http/issued-keys.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { get, sql, useSeedForEach, useStack } from '../../support/stack.ts';

const stack = useStack();
useSeedForEach(stack);

const any = { 'If-Match': '*' };
const STACKADEMY = '1234-5678-9012';
const SMARTER = '3141-5926-5359';
let bound: Readonly<Record<string, string>> = {};
let keyId = 0;

beforeEach(async () => {
  await sql(stack.current, 'truncate audit_log, audit_log_accounts');
  const issued = await issueKey(stack.current, { scopes: ['audit:read'], accountNumber: STACKADEMY });
  bound = withKey(issued);
  keyId = issued.id;
});

async function listed(query = '', headers: Readonly<Record<string, string>> = bound): Promise<AuditEntry[]> {
  const { items } = await jsonOf(await get(stack.current, `/v1/audit${query}`, headers));
  return items as AuditEntry[];
}

const named = (entries: readonly AuditEntry[]) =>
  entries.map(({ action, entity, entityId }) => `${action} ${entity} ${entityId}`);

describe('a caller that is bound to an account', () => {
  test('sees what was done to the account, its profiles, keys and members, and nothing else', async () => {
    await change(stack.current, 'PATCH', `/v1/accounts/${STACKADEMY}`, { city: 'Bern' }, any);
    await change(stack.current, 'PATCH', `/v1/accounts/${SMARTER}`, { city: 'Bern' }, any);
    await change(stack.current, 'PATCH', '/v1/users/3', { firstName: 'J' }, any);
    await change(stack.current, 'PATCH', '/v1/users/2', { firstName: 'S' }, any);
    await change(stack.current, 'PATCH', '/v1/users/5', { firstName: 'N' }, any);
    await change(stack.current, 'PATCH', '/v1/users/6', { firstName: 'B' }, any);
    await change(stack.current, 'PATCH', '/v1/user-profiles/1', { name: 'x' }, any);
    await change(stack.current, 'DELETE', '/v1/user-profiles/3', undefined, any);
    expect(named(await listed())).toEqual([
      'delete user_profile 3',
      'update user 6',
      'update user 3',
      'update account 2',
      `create api_key ${keyId}`,
    ]);
  });

  test('sees nothing of a user who has left, and all of before', async () => {
    await change(stack.current, 'PATCH', '/v1/users/3', { firstName: 'member' }, any);
    await change(stack.current, 'DELETE', '/v1/user-profiles/3', undefined, any);
    await change(
      stack.current,
      'PATCH',
      '/v1/users/3',
      { firstName: 'elsewhere', username: 'new-name' },
      any,
    );
    const left = await listed('?entity=user&entityId=3');
    expect(left.map(({ changes }) => changes['firstName']?.after)).toEqual(['member']);
    expect(named(await listed('?username=johndoe'))).toEqual(['delete user_profile 3', 'update user 3']);
    // The name of now is known to those who see the user.
    expect(await listed('?username=new-name')).toEqual([]);
    expect(JSON.stringify(await listed())).not.toMatch(/elsewhere|new-name/);
  });

  test('finds no entry of another account by any filter, not even those of common members', async () => {
    const response = await change(stack.current, 'PATCH', '/v1/users/2', { firstName: 'S' }, any);
    await change(stack.current, 'PATCH', '/v1/users/6', { firstName: 'B' }, any);
    const requestId = response.headers.get('X-Request-Id') ?? '';
    for (const query of [
      `?requestId=${requestId}`,
      '?entity=user&entityId=2',
      '?username=staff_user',
      `?accountNumber=${SMARTER}`,
      `?accountNumber=${SMARTER}&username=both`,
      '?accountNumber=0000-0000-0001',
      '?action=truncate',
    ])
      expect([query, await listed(query)]).toEqual([query, []]);
    expect(named(await listed(`?accountNumber=${STACKADEMY}&username=both`))).toEqual(['update user 6']);
  });

  test('sees no statement of many rows, which tells of other accounts too', async () => {
    await sql(
      stack.current,
      `insert into users (username, email) select 'many' || n, '' from generate_series(1, 1001) as n`,
    );
    expect(await listed('?action=create&entity=user')).toEqual([]);
    expect(await listed('?action=create&entity=user&actor=sql:postgres', {})).toMatchObject([
      { entityId: null, changes: { rows: { before: 0, after: 1_001 } } },
    ]);
  });

  test('pages through its log, with cursors of its own', async () => {
    for (const firstName of ['a', 'b', 'c']) {
      await change(stack.current, 'PATCH', '/v1/users/3', { firstName }, any);
      await change(stack.current, 'PATCH', '/v1/users/2', { firstName }, any);
    }
    const first = await jsonOf(await get(stack.current, '/v1/audit?entity=user&limit=2', bound));
    const cursor = String(first['nextCursor']);
    expect(await listed(`?entity=user&limit=2&cursor=${cursor}`)).toMatchObject([
      { entityId: 3, changes: { firstName: { after: 'a' } } },
    ]);
    await expectProblem(
      await get(stack.current, `/v1/audit?entity=user&limit=2&cursor=${cursor}`),
      'bad_request',
    );
  });

  test('needs audit:read', async () => {
    const reader = await issueKey(stack.current, { scopes: ['directory:read'], accountNumber: STACKADEMY });
    await expectProblem(await get(stack.current, '/v1/audit', withKey(reader)), 'forbidden');
  });
});

describe('the log of an account', () => {
  test('is found by its number, also after the account is gone', async () => {
    const number = '0202-0202-0202';
    await create(stack.current, '/v1/accounts', { companyName: 'Short', accountNumber: number });
    await create(stack.current, '/v1/user-profiles', { userId: 5, accountNumber: number });
    await change(stack.current, 'PATCH', '/v1/users/5', { firstName: 'N' }, any);
    await change(stack.current, 'DELETE', `/v1/accounts/${number}`, undefined, any);
    const left = await listed(`?accountNumber=${number}`, {});
    expect(left.map(({ action, entity }) => `${action} ${entity}`)).toEqual([
      'delete user_profile',
      'delete account',
      'update user',
      'create user_profile',
      'create account',
    ]);
    expect(left.map(({ accountNumber, username }) => [accountNumber, username])).toEqual([
      [number, 'nomad'],
      [number, null],
      [null, 'nomad'],
      [number, 'nomad'],
      [number, null],
    ]);
  });

  test('is empty for a number that no account had', async () => {
    expect(await listed('?accountNumber=0303-0303-0303', {})).toEqual([]);
  });
});

describe('the entries of a user', () => {
  test('are found by the name of then and of now, each once', async () => {
    await change(stack.current, 'PATCH', '/v1/users/3', { username: 'renamed' }, any);
    await change(stack.current, 'PATCH', '/v1/users/3', { firstName: 'R' }, any);
    await change(stack.current, 'DELETE', '/v1/user-profiles/3', undefined, any);
    const both = ['delete user_profile 3', 'update user 3', 'update user 3'];
    expect(named(await listed('?username=renamed', {}))).toEqual(both);
    expect(named(await listed('?username=johndoe', {}))).toEqual(['update user 3']);
    await change(stack.current, 'DELETE', '/v1/users/3', undefined, any);
    expect(named(await listed('?username=renamed', {}))).toEqual(['delete user 3', ...both.slice(0, 2)]);
  });
});
