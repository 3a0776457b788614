import { expect, test, vi } from 'vitest';
import { isDrawn, scaled } from '../../support/scale.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import {
  countRequests,
  get,
  newIsolate,
  redisKeys,
  sql,
  useSeedForEach,
  useStack,
  whileAway,
} from '../../support/stack.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();
useSeedForEach(stack);
const make = (body: object, headers = {}) => create(stack.current, '/v1/accounts', body, headers);

test('an account is created with a number of its own, and is there for whoever asked before', async () => {
  await expectProblem(await get(stack.current, '/v1/accounts/0001-0002-0003'), 'account_does_not_exist');
  const response = await make({ companyName: 'New Ltd', accountNumber: '0001-0002-0003' });
  expect(response.status).toBe(201);
  expect(response.headers.get('Location')).toBe('/v1/accounts/0001-0002-0003');
  const account = await jsonOf(response);
  expect(account).toMatchObject({ companyName: 'New Ltd', isDefaultAccount: false, revision: 1 });
  const read = await get(stack.current, '/v1/accounts/0001-0002-0003');
  expect(await read.json()).toEqual(account);
  expect(read.headers.get('ETag')).toBe(response.headers.get('ETag'));
});

test('numbers are drawn where none is given', async () => {
  const numbers = new Set<unknown>();
  for (let i = 0; i < 20; i++) numbers.add((await jsonOf(await make({ companyName: 'x' })))['accountNumber']);
  expect(numbers.size).toBe(20);
  for (const number of numbers) expect(number).toMatch(/^\d{4}-\d{4}-\d{4}$/);
});

test('a drawn number that is taken is drawn again, a few times', async () => {
  const taken = [3141, 5926, 5359];
  const drawn = [...taken, ...taken, 0, 42, 9999];
  const source = vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
    if (array instanceof Uint16Array) array[0] = drawn.shift() ?? 0;
    return array;
  });
  const made = await jsonOf(await make({ companyName: 'Third draw' }));
  expect(made['accountNumber']).toBe('0000-0042-9999');
  drawn.push(...Array.from({ length: 5 }, () => taken).flat());
  await expectProblem(await make({ companyName: 'No luck' }), 'account_number_taken');
  expect(drawn).toEqual([]);
  source.mockRestore();
});

test('a number that is taken is 409, and nothing is made', async () => {
  const before = await sql(stack.current, 'select count(*) from accounts');
  const response = await make({ companyName: 'x', accountNumber: '3141-5926-5359' });
  await expectProblem(response, 'account_number_taken');
  expect(await sql(stack.current, 'select count(*) from accounts')).toEqual(before);
});

test('the number of a deleted account is 409 for everybody else, and is not drawn again', async () => {
  const path = '/v1/accounts/0000-0007-0007';
  await make({ companyName: 'First', accountNumber: '0000-0007-0007' });
  expect((await change(stack.current, 'DELETE', path, undefined, { 'If-Match': '*' })).status).toBe(200);
  const again = { companyName: 'Second', accountNumber: '0000-0007-0007' };
  for (const headers of [{}, { 'Idempotency-Key': 'retired' }]) {
    await expectProblem(await make(again, headers), 'account_number_retired');
  }
  const drawn = [0, 7, 7, 0, 8, 8];
  const source = vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
    if (array instanceof Uint16Array) array[0] = drawn.shift() ?? 0;
    return array;
  });
  const made = await jsonOf(await make({ companyName: 'Drawn' }));
  source.mockRestore();
  expect(made['accountNumber']).toBe('0000-0008-0008');
});

test('after accounts were imported with their ids the next one is created at once', async () => {
  await sql(
    stack.current,
    `insert into accounts (id, account_number, company_name)
     select max(id) + n, '9999-9999-000' || n, 'Imported' from accounts, generate_series(1, 3) as n group by n`,
  );
  expect((await make({ companyName: 'Next' })).status).toBe(201);
});

test.each([
  [{}, 'companyName'],
  [{ companyName: '' }, 'companyName'],
  [{ companyName: 'a\u0000b' }, 'companyName'],
  [{ companyName: 'x'.repeat(256) }, 'companyName'],
  [{ companyName: 7 }, 'companyName'],
  [{ companyName: 'x', isDefaultAccount: true }, 'isDefaultAccount'],
  [{ companyName: 'x', id: 7 }, 'id'],
  [{ companyName: 'x', revision: 7 }, 'revision'],
  [{ companyName: 'x', accountNumber: '1' }, 'accountNumber'],
  [[], 'body'],
  [null, 'body'],
])('creating from %j is 400 and names %s', async (body, name) => {
  const { errors } = await expectProblem(await make(body as object), 'bad_request');
  expect(errors).toMatchObject([{ in: 'body', name }]);
});

test('a change needs If-Match, and one that is current', async () => {
  const path = '/v1/accounts/1234-5678-9012';
  const etag = (await get(stack.current, path)).headers.get('ETag') ?? '';
  await expectProblem(await change(stack.current, 'PATCH', path, { city: 'A' }), 'precondition_required');
  const done = await change(stack.current, 'PATCH', path, { city: 'A' }, { 'If-Match': etag });
  expect(await jsonOf(done)).toMatchObject({ city: 'A', companyName: 'Stackademy' });
  const late = await change(stack.current, 'PATCH', path, { city: 'B' }, { 'If-Match': etag });
  expect(late.headers.get('ETag')).toBe(done.headers.get('ETag'));
  await expectProblem(late, 'precondition_failed');
  const now = await get(stack.current, path);
  expect(now.headers.get('ETag')).toBe(done.headers.get('ETag'));
  const weak = `W/"x", W/${now.headers.get('ETag')}`;
  expect((await change(stack.current, 'PATCH', path, { city: 'C' }, { 'If-Match': weak })).status).toBe(200);
});

test('the default account is switched in one call, and never deleted', async () => {
  const switched = await change(stack.current, 'PUT', '/v1/accounts/default', {
    accountNumber: '2718-2818-2845',
  });
  expect(await jsonOf(switched)).toMatchObject({ id: 3, isDefaultAccount: true });
  expect(await (await get(stack.current, '/v1/accounts/default')).json()).toMatchObject({ id: 3 });
  const any = { 'If-Match': '*' };
  const remove = (number: string) =>
    change(stack.current, 'DELETE', `/v1/accounts/${number}`, undefined, any);
  await expectProblem(await remove('2718-2818-2845'), 'default_account_is_protected');
  await expectProblem(await remove('3141-5926-5359'), 'platform_account_is_protected');
  await change(stack.current, 'PUT', '/v1/accounts/default', { accountNumber: '3141-5926-5359' });
  const unknown = await change(stack.current, 'PUT', '/v1/accounts/default', {
    accountNumber: '0000-0000-0000',
  });
  await expectProblem(unknown, 'account_does_not_exist');
  expect(await (await get(stack.current, '/v1/accounts/default')).json()).toMatchObject({ id: 1 });
});

test('a change makes an account the default one, if it is in the state that the caller has seen', async () => {
  const path = '/v1/accounts/1234-5678-9012';
  const body = { isDefaultAccount: true, city: 'Capital' };
  await expectProblem(
    await change(stack.current, 'PATCH', path, body, { 'If-Match': '"a-2.99.0"' }),
    'precondition_failed',
  );
  expect(await (await get(stack.current, '/v1/accounts/default')).json()).toMatchObject({ id: 1 });
  const done = await change(stack.current, 'PATCH', path, body, { 'If-Match': '*' });
  expect(await jsonOf(done)).toMatchObject({ isDefaultAccount: true, city: 'Capital' });
  expect(await (await get(stack.current, '/v1/accounts/default')).json()).toMatchObject({ id: 2 });
  const none = await change(stack.current, 'PATCH', path, { isDefaultAccount: false }, { 'If-Match': '*' });
  const { errors } = await expectProblem(none, 'bad_request');
  expect(errors).toMatchObject([{ name: 'isDefaultAccount' }]);
  await change(stack.current, 'PUT', '/v1/accounts/default', { accountNumber: '3141-5926-5359' });
});

test('of many switches at once each is done, and one account is the default one', async () => {
  const numbers = ['3141-5926-5359', '1234-5678-9012', '2718-2818-2845', '1618-0339-8874'];
  const targets = Array.from({ length: 24 }, (_, i) => ({ accountNumber: numbers[i % numbers.length] }));
  const switched = await Promise.all(
    targets.map((target) => change(stack.current, 'PUT', '/v1/accounts/default', target)),
  );
  for (const response of switched) expect(response.status).toBe(200);
  expect(await sql(stack.current, 'select 1 from accounts where is_default_account')).toHaveLength(1);
  await change(stack.current, 'PUT', '/v1/accounts/default', targets[0]);
});

test('of two changes of one revision at once one is done, and the other told', async () => {
  const path = '/v1/accounts/2718-2818-2845';
  for (let round = 0; round < 5; round++) {
    const etag = (await get(stack.current, path, { 'Cache-Control': 'no-cache' })).headers.get('ETag') ?? '';
    const both = [`A${round}`, `B${round}`].map((city) =>
      change(stack.current, 'PATCH', path, { city }, { 'If-Match': etag }),
    );
    const statuses = (await Promise.all(both)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 412]);
  }
});

test('two identical creations at once under one Idempotency-Key make one account', async () => {
  for (let round = 0; round < 5; round++) {
    const companyName = `Twin ${round}`;
    const headers = { 'Idempotency-Key': companyName };
    const both = await Promise.all([make({ companyName }, headers), make({ companyName }, headers)]);
    const [one, other] = await Promise.all(both.map((response) => response.text()));
    expect(one).toBe(other);
    expect(
      await sql(stack.current, 'select 1 from accounts where company_name = $1', companyName),
    ).toHaveLength(1);
  }
});

test('a write is one request to Postgres and one to Redis', async () => {
  const isolate = newIsolate(stack.current);
  await create(isolate, '/v1/accounts', { companyName: 'x' });
  const counts = await countRequests(isolate, () => create(isolate, '/v1/accounts', { companyName: 'x' }));
  expect(counts).toEqual({ redis: 1, postgres: 1 });
});

test('every change leaves a row in the audit log, in its transaction', async () => {
  const made = await make({ companyName: 'Audited', accountNumber: '0009-0009-0009' });
  const { id } = await jsonOf(made);
  const path = '/v1/accounts/0009-0009-0009';
  const any = { 'If-Match': '*' };
  const changed = await change(stack.current, 'PATCH', path, { city: 'Paris' }, any);
  const removed = await change(stack.current, 'DELETE', path, undefined, any);
  const rows = await sql(
    stack.current,
    `select actor, request_id, action, changes from audit_log where entity = 'account' and entity_id = $1 order by id`,
    id,
  );
  const requestIds = [made, changed, removed].map((response) => response.headers.get('X-Request-Id'));
  expect(rows).toMatchObject([
    {
      actor: 'root',
      request_id: requestIds[0],
      action: 'create',
      changes: { company_name: [null, 'Audited'] },
    },
    {
      actor: 'root',
      request_id: requestIds[1],
      action: 'update',
      changes: { city: ['', 'Paris'], revision: [1, 2] },
    },
    {
      actor: 'root',
      request_id: requestIds[2],
      action: 'delete',
      changes: { company_name: ['Audited', null] },
    },
  ]);
});

test('a deletion says first what it would delete', async () => {
  const path = '/v1/accounts/1618-0339-8874';
  const dry = await change(stack.current, 'DELETE', `${path}?dryRun=true`);
  expect(await jsonOf(dry)).toEqual({ dryRun: true, accounts: 1, users: 0, userProfiles: 1, keys: 0 });
  expect((await get(stack.current, path)).status).toBe(200);
  await expectProblem(await change(stack.current, 'DELETE', path), 'precondition_required');
  const etag = (await get(stack.current, path)).headers.get('ETag') ?? '';
  const done = await change(stack.current, 'DELETE', path, undefined, { 'If-Match': etag });
  expect(await jsonOf(done)).toMatchObject({ dryRun: false, userProfiles: 1 });
  await expectProblem(await get(stack.current, path), 'account_does_not_exist');
  await expectProblem(await get(stack.current, '/v1/user-profiles/7'), 'user_profile_does_not_exist');
});

test("a deletion counts what is the account's, and nothing else", async () => {
  await sql(
    stack.current,
    `insert into api_keys (name, scopes, account_id, sha256)
     select 'k', '{}', unnest(array[2, 2, 3, null::bigint]), repeat('0', 64)`,
  );
  const count = async (number: string) =>
    jsonOf(await change(stack.current, 'DELETE', `/v1/accounts/${number}?dryRun=true`));
  expect(await count('1234-5678-9012')).toMatchObject({ userProfiles: 3, keys: 2 });
});

test('what is asked for again under an Idempotency-Key is done once, and answered alike', async () => {
  const headers = { 'Idempotency-Key': 'once' };
  const first = await make({ companyName: 'Once' }, headers);
  const again = await make({ companyName: 'Once' }, headers);
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(await again.text()).toBe(await first.text());
  expect(again.headers.get('ETag')).toBe(first.headers.get('ETag'));
  expect(again.headers.get('Location')).toBe(first.headers.get('Location'));
  expect(await sql(stack.current, `select 1 from accounts where company_name = 'Once'`)).toHaveLength(1);
  await expectProblem(await make({ companyName: 'Other' }, headers), 'idempotency_key_reused');
  await sql(stack.current, `update idempotency_keys set created_at = now() - interval '24 hours 1 second'`);
  expect((await make({ companyName: 'Other' }, headers)).status).toBe(201);
});

test('a creation that was refused may be asked for again under its key', async () => {
  const headers = { 'Idempotency-Key': 'refused' };
  await expectProblem(
    await make({ companyName: 'x', accountNumber: '3141-5926-5359' }, headers),
    'account_number_taken',
  );
  expect((await make({ companyName: 'x' }, headers)).status).toBe(201);
});

test('without Redis a write succeeds, with a token that asks Postgres', async () => {
  await get(newIsolate(stack.current), '/v1/accounts/default');
  const done = await whileAway(stack.current, ['redis'], () => make({ companyName: 'Dark' }));
  expect(done.status).toBe(201);
  expect(done.headers.get('Consistency-Token')).toMatch(/^pg:\d+$/);
  expect(done.headers.get('Cache-Status')).toContain('redis; fwd=bypass; detail=invalidation-pending');
  expect(await redisKeys(stack.current)).not.toEqual([]);
});

test('without Postgres a write is 503', async () => {
  const response = await whileAway(stack.current, ['postgres'], () => make({ companyName: 'x' }));
  await expectProblem(response, 'unavailable');
});

if (isDrawn(2, 3))
  test('an account of more than 10,000 members is not deleted before some have left', async () => {
    const [number, path] = ['1010-2020-3030', '/v1/accounts/1010-2020-3030'];
    await sql(
      stack.current,
      `with account as (
       insert into accounts (id, account_number, company_name) values (1010, '${number}', 'Large') returning id
     ), people as (
       insert into users (id, username, email)
       select n, 'large' || n, 'l@example.com' from generate_series(100001, 110001) as n returning id
     )
     insert into user_profiles (id, user_id, account_id) select people.id, people.id, account.id from people, account`,
    );
    for (const headers of [{ 'If-Match': '*' }, {}] as Record<string, string>[]) {
      const asked = headers['If-Match'] ? path : `${path}?dryRun=true`;
      const problem = await expectProblem(
        await change(stack.current, 'DELETE', asked, undefined, headers),
        'too_many_members',
      );
      expect(problem.detail).toContain('10001 members');
      expect(problem.detail).toContain('delete user profiles or users of it first');
    }
    expect((await get(stack.current, path)).status).toBe(200);
    // A busy machine must end the deletion before the longest deadline, so a short run leaves few members.
    const kept = scaled(500, 10_000);
    await sql(stack.current, `delete from user_profiles where account_id = 1010 and id > 100001 + ${kept}`);
    const last = `/v1/user-profiles/${100_001 + kept}`;
    await change(stack.current, 'DELETE', last, undefined, { 'If-Match': '*' });
    const deleted = await change(stack.current, 'DELETE', path, undefined, { 'If-Match': '*' });
    expect(await jsonOf(deleted)).toMatchObject({ accounts: 1, userProfiles: kept });
    expect((await get(stack.current, path)).status).toBe(404);
  });
