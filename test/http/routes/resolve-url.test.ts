import { beforeAll, describe, expect, test } from 'vitest';
import { ResolvedUrl } from '../../../src/directory/resolve/resolve-url.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { keyOf } from '../../support/http/resolve.ts';
import { countRequests, drainNow, emptyRedis, get, newIsolate, sql, useStack } from '../../support/stack.ts';

const stack = useStack();
const STACKADEMY = 'http://hr.1234-5678-9012.api.localhost:8787/some/path';
const ANY = { 'If-Match': '*' };

async function resolve(url: string, headers = {}, on = stack.current): Promise<ResolvedUrl> {
  const response = await get(on, `/v1/resolve?url=${encodeURIComponent(url)}`, headers);
  return ResolvedUrl.strict().parse(await jsonOf(response));
}

const make = async (accountNumber: string, body = {}) =>
  create(stack.current, '/v1/accounts', { companyName: 'Short Ltd', accountNumber, ...body });
const hostOf = (accountNumber: string) => `hr.${accountNumber}.api.localhost`;
const remove = (accountNumber: string) =>
  change(stack.current, 'DELETE', `/v1/accounts/${accountNumber}`, undefined, ANY);

// Whatever another file has left in the caches of the stack.
beforeAll(() => emptyRedis(stack.current));

describe('a text that names no account', () => {
  test.each([
    [
      'ftp://1234-5678-9012.api.localhost',
      'no_http_url',
      'The text is no http or https URL and no host, or its host begins too far from its start to be read.',
    ],
    [
      '',
      'no_http_url',
      'The text is no http or https URL and no host, or its host begins too far from its start to be read.',
    ],
    [
      '/1234-5678-9012',
      'no_http_url',
      'The text is no http or https URL and no host, or its host begins too far from its start to be read.',
    ],
    [
      '127.0.0.1:8787',
      'ip_address',
      'The host is an IP address, which has no labels. Look at the Host header that the proxy in front sends.',
    ],
    [
      'api.localhost/1234-5678-9012',
      'no_account_label',
      'No label of the host has the form of an account number, dddd-dddd-dddd. A number in the path does not count.',
    ],
    [
      '1234-5678-9012.3141-5926-5359.api.localhost',
      'two_account_labels',
      'Two labels of the host are account numbers, and the service does not choose between them.',
    ],
    [
      '1234-5678-9012.elsewhere.example',
      'outside_suffixes',
      'The host has an account number, but not directly left of one of ACCOUNT_HOST_SUFFIXES. Another host or another setting would be read.',
    ],
  ])('%s: %s, in a sentence, and without a store', async (url, reason, sentence) => {
    const on = newIsolate(stack.current, { ACCOUNT_HOST_SUFFIXES: 'api.localhost' });
    await get(on, '/v1/users/1');
    const asked = await countRequests(on, async () => {
      expect(await resolve(url, {}, on)).toEqual({
        accountNumber: null,
        reason,
        state: null,
        account: null,
        deletion: null,
        adminUser: null,
        explanation: [sentence],
        changes: [],
      });
    });
    expect(asked).toEqual({ redis: 0, postgres: 0 });
  });
});

test.each([
  STACKADEMY,
  'hr.1234-5678-9012.api.localhost',
  'hr.1234-5678-9012.api.localhost:8787',
  ' 1234-5678-9012.x ',
])('%s names its account, with the admin and by which rule', async (url) => {
  const found = await resolve(url);
  expect(found).toMatchObject({
    accountNumber: '1234-5678-9012',
    reason: 'found',
    state: 'active',
    account: await jsonOf(await get(stack.current, '/v1/accounts/1234-5678-9012')),
    deletion: null,
    adminUser: await jsonOf(await get(stack.current, '/v1/accounts/1234-5678-9012/admin-user')),
  });
  expect(found.explanation.slice(0, 4)).toEqual([
    'The host names the account 1234-5678-9012: exactly one of its labels is an account number.',
    'The account has the id 2 and the name Stackademy, and is active.',
    'User 4, janedoe, answers as the admin of the account: of the profiles whose user is staff or superuser, profile 4 has the lowest id.',
    'A second admin does not replace the first. That changes only when the user leaves the account or is neither staff nor superuser any more.',
  ]);
});

test('an inactive account is told from an active one, and what that means', async () => {
  const found = await resolve(hostOf('1618-0339-8874'));
  expect(found).toMatchObject({ state: 'inactive', account: { isActive: false }, adminUser: null });
  expect(found.explanation.slice(1, 4)).toEqual([
    'The account has the id 4 and the name Dormant Inc, and is inactive. The service answers it with isActive false, and the program behind the host decides what that means.',
    'No user answers as the admin of the account: no member is staff or superuser.',
    'A member who becomes staff, or PUT of its admin-user, would change that.',
  ]);
});

test('a number that never was is told from one that was deleted, by whom and when', async () => {
  const accountNumber = '5000-0000-0001';
  expect(await resolve(hostOf(accountNumber))).toMatchObject({
    state: 'never',
    account: null,
    deletion: null,
    explanation: [
      expect.any(String),
      'No account has this number, and no account that was deleted had it.',
      'No cache held the account, so that Postgres answered, and the answer is what Postgres holds.',
    ],
  });
  const { id } = await jsonOf(await make(accountNumber));
  const response = await remove(accountNumber);
  const requestId = response.headers.get('X-Request-Id');
  const found = await resolve(hostOf(accountNumber));
  const at = found.deletion?.at;
  expect(found).toMatchObject({
    state: 'deleted',
    account: null,
    deletion: { at: expect.stringMatching(/^\d{4}-/), by: 'root', deletionId: expect.any(Number) as unknown },
    adminUser: null,
    changes: [
      { action: 'delete', entityId: id, requestId },
      { action: 'create', entityId: id },
    ],
  });
  const deletionId = found.deletion?.deletionId;
  expect(found.explanation.slice(1, 5)).toEqual([
    `The account had the id ${id}, and was deleted at ${at} by root in the request ${requestId}.`,
    'No other account can get the number. The account comes back only under its id and its number.',
    `POST /v1/deletions/${deletionId}/restore brings it back.`,
    'The audit log has the last 2 changes of the account itself, newest first.',
  ]);
  const restored = await change(stack.current, 'POST', `/v1/deletions/${deletionId}/restore`);
  expect(restored.status).toBe(200);
  expect(await resolve(hostOf(accountNumber))).toMatchObject({ state: 'active', deletion: null });
  await remove(accountNumber);
  const again = await resolve(hostOf(accountNumber));
  expect(again.deletion?.deletionId).toBeGreaterThan(deletionId ?? Infinity);
  expect(Date.parse(again.deletion?.at ?? '')).toBeGreaterThan(Date.parse(at ?? ''));
});

test('a deletion that is kept no longer is told with its time alone', async () => {
  await sql(
    stack.current,
    `insert into accounts (account_number, company_name) values ('5000-0000-0002', 'x')`,
  );
  await sql(stack.current, `delete from accounts where account_number = '5000-0000-0002'`);
  expect(await resolve(hostOf('5000-0000-0002'))).toMatchObject({ deletion: { by: 'sql:postgres' } });
  await sql(stack.current, 'delete from deletions');
  expect(await resolve(hostOf('5000-0000-0002'))).toMatchObject({
    deletion: { by: 'sql:postgres', deletionId: null },
    changes: [{ action: 'delete' }, { action: 'create' }],
  });
  await sql(stack.current, 'delete from audit_log');
  const found = await resolve(hostOf('5000-0000-0002'));
  expect(found).toMatchObject({ state: 'deleted', deletion: { by: null, deletionId: null }, changes: [] });
  expect(found.explanation).toContain(
    `The account had the id ${/id (\d+)/.exec(found.explanation[1] ?? '')?.[1]}, and was deleted at ${found.deletion?.at} by a writer whom the audit log does not name.`,
  );
  expect(found.explanation).toContain('What was deleted is kept no longer, so that nothing can be restored.');
  expect(found.explanation).toContain('The audit log has no change of the account.');
});

test('the last ten changes come newest first, and only with audit:read', async () => {
  const accountNumber = '5000-0000-0003';
  await make(accountNumber);
  for (let n = 1; n <= 11; n++)
    await change(stack.current, 'PATCH', `/v1/accounts/${accountNumber}`, { city: `City ${n}` }, ANY);
  const { changes, explanation } = await resolve(hostOf(accountNumber));
  const cities = changes.map(({ changes: fields }) => fields['city']?.after);
  expect(cities).toEqual(Array.from({ length: 10 }, (_, n) => `City ${11 - n}`));
  expect(explanation).toContain('The audit log has the last 10 changes of the account itself, newest first.');
  const lacking = await resolve(hostOf(accountNumber), await keyOf(stack.current, ['directory:read']));
  expect(lacking).toMatchObject({ state: 'active', changes: [] });
  expect(lacking.explanation).toContain(
    'The last changes of the account are left out: they need the scope audit:read.',
  );
});

test('the request of a deletion is not told without audit:read', async () => {
  const accountNumber = '5000-0000-0004';
  await make(accountNumber);
  const response = await remove(accountNumber);
  const lacking = await resolve(hostOf(accountNumber), await keyOf(stack.current, ['directory:read']));
  expect(lacking).toMatchObject({ state: 'deleted', deletion: { by: 'root' }, changes: [] });
  expect(JSON.stringify(lacking)).not.toContain(response.headers.get('X-Request-Id'));
});

test('the tier that answered is told, and what Postgres holds against it', async () => {
  const accountNumber = '5000-0000-0005';
  await make(accountNumber, { city: 'Old' });
  const on = newIsolate(stack.current);
  await emptyRedis(on);
  const lastOf = async (headers = {}, isolate = on) =>
    (await resolve(hostOf(accountNumber), headers, isolate)).explanation.at(-1);
  const right = 'and the answer is what Postgres holds.';
  expect(await lastOf()).toBe(`No cache held the account, so that Postgres answered, ${right}`);
  expect(await lastOf()).toMatch(
    /^The memory of this isolate answers reads of the account for another \d+ s at most, and the answer is what Postgres holds\.$/,
  );
  expect(await lastOf({}, newIsolate(on))).toMatch(
    /^Redis answers reads of the account for another \d+ s at most, and the answer is what Postgres holds\.$/,
  );
  await sql(on, `update accounts set city = 'New' where account_number = '${accountNumber}'`);
  const [row] = await sql<{ id: string }>(
    on,
    `select id from accounts where account_number = '${accountNumber}'`,
  );
  const old = await resolve(hostOf(accountNumber), {}, on);
  expect(old.account?.city).toBe('New');
  expect(old.explanation.at(-1)).toContain(
    `, but the answer is not what Postgres holds: it is id ${row?.id} in revision 1, and Postgres has id ${row?.id} in revision 2. Cache-Control: no-cache ends the old answer.`,
  );
  expect(await lastOf({ 'Cache-Control': 'no-cache' })).toContain(right);
  expect(await lastOf()).toContain(right);
  await drainNow(on);
});

test('it costs one request to Redis and two to Postgres, and none and one once it is in memory', async () => {
  const on = newIsolate(stack.current);
  await get(on, '/v1/users/1');
  await emptyRedis(on);
  const ask = () => countRequests(on, () => resolve(STACKADEMY, {}, on));
  const first = await ask();
  expect(first.postgres).toBe(2);
  expect(await ask()).toEqual({ redis: 0, postgres: 1 });
});

describe('a caller that is bound to an account', () => {
  test('resolves its own account, and any other as one that never was', async () => {
    const own = await keyOf(stack.current, ['directory:read', 'audit:read'], '1234-5678-9012');
    expect(await resolve(STACKADEMY, own)).toMatchObject({ state: 'active', adminUser: { id: 4 } });
    const accountNumber = '5000-0000-0006';
    await make(accountNumber);
    await remove(accountNumber);
    const shown = async (other: string) => {
      const text = JSON.stringify(await resolve(hostOf(other), own));
      return text.replaceAll(other, '<number>');
    };
    const never = await shown('5999-9999-9999');
    expect(never).toContain('"state":"never"');
    expect([await shown(accountNumber), await shown('3141-5926-5359')]).toEqual([never, never]);
  });
});

describe('a request that asks for not exactly one thing', () => {
  test.each([
    ['', ['url', 'user']],
    ['?url=x&user=y', ['url', 'user']],
    ['?url=x&limit=1&account=2', ['limit', 'account']],
    ['?user=', ['user']],
    ['?user=%00&limit=1', ['user', 'limit']],
  ])('%s is refused with every fault', async (query, names) => {
    const { errors = [] } = await expectProblem(
      await get(stack.current, `/v1/resolve${query}`),
      'bad_request',
    );
    expect(errors.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  });
});
