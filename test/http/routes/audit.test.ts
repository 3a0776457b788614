import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AuditEntry } from '../../../src/directory/audit.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { sampled } from '../../support/scale.ts';
import { get, sql, useStack, whileAway } from '../../support/stack.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();
const Page = z.strictObject({ items: z.array(AuditEntry.strict()), nextCursor: z.string().nullable() });
type Query = Readonly<Record<string, string>>;

const search = (query: Query) => new URLSearchParams(query).toString();

async function entries(query: Query): Promise<AuditEntry[]> {
  const items: AuditEntry[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const path = `/v1/audit?${search({ ...query, ...(cursor && { cursor }) })}`;
    const page: z.infer<typeof Page> = Page.parse(await jsonOf(await get(stack.current, path)));
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

const requestIdOf = (response: Response) => response.headers.get('X-Request-Id') ?? '';
/** What the request has left in the log, as it came. */
const leftBy = async (response: Response) =>
  (await entries({ requestId: requestIdOf(response) })).toSorted((a, b) => a.id - b.id);
const make = (body: object, headers = {}) => create(stack.current, '/v1/accounts', body, headers);
const any = { 'If-Match': '*' };
const isTime: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe('a write through the service', () => {
  test('notes who created what, when and in which request', async () => {
    const response = await make({ companyName: 'Noted', accountNumber: '0101-0101-0101', city: 'Bern' });
    const account = await jsonOf(response);
    const [entry, ...others] = await leftBy(response);
    expect(others).toEqual([]);
    expect(entry).toEqual({
      id: expect.any(Number),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      actor: 'root',
      requestId: requestIdOf(response),
      action: 'create',
      entity: 'account',
      entityId: account['id'],
      accountNumber: '0101-0101-0101',
      username: null,
      keyName: null,
      changes: Object.fromEntries(
        Object.entries(account).map(([name, after]) => [name, { before: null, after }]),
      ),
    });
    const [clock] = await sql<{ ago: number }>(
      stack.current,
      'select extract(epoch from now() - $1::timestamptz)::float as ago',
      entry?.at,
    );
    expect(clock?.ago).toBeGreaterThanOrEqual(0);
    expect(clock?.ago).toBeLessThan(60);
  });

  test('notes what was changed, before and after, and nothing else', async () => {
    const account = await jsonOf(await make({ companyName: 'Old', postalCode: '1' }));
    const path = `/v1/accounts/${account['accountNumber']}`;
    const response = await change(stack.current, 'PATCH', path, { companyName: 'New', postalCode: '1' }, any);
    const now = await jsonOf(response);
    expect(await leftBy(response)).toMatchObject([
      { action: 'update', entity: 'account', entityId: account['id'], actor: 'root' },
    ]);
    expect((await leftBy(response))[0]?.changes).toEqual({
      companyName: { before: 'Old', after: 'New' },
      revision: { before: 1, after: 2 },
      updatedAt: { before: account['updatedAt'], after: now['updatedAt'] },
    });
  });

  test('notes every row that a switch of the default account changes', async () => {
    const response = await change(stack.current, 'PUT', '/v1/accounts/default', {
      accountNumber: '1234-5678-9012',
    });
    const left = await leftBy(response);
    expect(left.map(({ entityId, changes }) => [entityId, changes['isDefaultAccount']])).toEqual([
      [1, { before: true, after: false }],
      [2, { before: false, after: true }],
    ]);
    expect(new Set(left.map(({ at }) => at)).size).toBe(1);
    const again = await change(stack.current, 'PUT', '/v1/accounts/default', {
      accountNumber: '1234-5678-9012',
    });
    expect([again.status, await leftBy(again)]).toEqual([200, []]);
    await change(stack.current, 'PUT', '/v1/accounts/default', { accountNumber: '3141-5926-5359' });
  });

  test('notes what a deletion takes along', async () => {
    await sql(
      stack.current,
      `insert into api_keys (id, name, scopes, account_id, sha256) values (70, 'k', '{directory:read}', 4, repeat('a', 64))`,
    );
    const response = await change(stack.current, 'DELETE', '/v1/accounts/1618-0339-8874', undefined, any);
    const left = await leftBy(response);
    expect(left.map(({ action, entity, entityId }) => `${action} ${entity} ${entityId}`).toSorted()).toEqual([
      'delete account 4',
      'delete api_key 70',
      'delete user_profile 7',
    ]);
    const account = left.find(({ entity }) => entity === 'account');
    expect(account?.changes).toMatchObject({ companyName: { before: 'Dormant Inc', after: null } });
    expect(JSON.stringify(left)).not.toMatch(/sha256|aaaa/i);
  });

  test('notes that a table was truncated by a named actor', async () => {
    await sql(
      stack.current,
      `begin; select set_config('edge_accounts.actor', 'operator', true);
       select set_config('edge_accounts.request_id', 'truncation', true); truncate api_keys cascade; commit`,
    );
    expect(await entries({ requestId: 'truncation' })).toMatchObject([
      { actor: 'operator', action: 'truncate', entity: 'api_key', entityId: null },
    ]);
  });

  test('notes the admin user that it creates, and its profile', async () => {
    const response = await get(stack.current, '/v1/accounts/2718-2818-2845/admin-user', {}, 'PUT');
    expect(response.status).toBe(201);
    const left = await leftBy(response);
    expect(left.map(({ action, entity }) => `${action} ${entity}`).toSorted()).toEqual([
      'create user',
      'create user_profile',
    ]);
    const profile = left.find(({ entity }) => entity === 'user_profile');
    expect(profile?.changes).toMatchObject({ accountId: { before: null, after: 3 } });
  });

  test('notes nothing when it fails, is asked for again or only asks', async () => {
    const count = () => sql(stack.current, 'select count(*) from audit_log');
    await make({ companyName: 'Again' }, { 'Idempotency-Key': 'again' });
    const before = await count();
    const path = '/v1/accounts/1234-5678-9012';
    const responses = [
      await make({ companyName: 'Again' }, { 'Idempotency-Key': 'again' }),
      await make({ companyName: 'Other' }, { 'Idempotency-Key': 'again' }),
      await make({ companyName: 'x', accountNumber: '1234-5678-9012' }, { 'Idempotency-Key': 'taken' }),
      await make({ companyName: '' }),
      await change(stack.current, 'PATCH', path, { city: 'x' }),
      await change(stack.current, 'PATCH', path, { city: 'x' }, { 'If-Match': '"a-2.999.1"' }),
      await change(stack.current, 'PATCH', '/v1/accounts/0000-0000-0000', { city: 'x' }, any),
      await change(stack.current, 'DELETE', `${path}?dryRun=true`),
      await change(stack.current, 'DELETE', '/v1/accounts/3141-5926-5359', undefined, any),
      await whileAway(stack.current, ['postgres'], () => make({ companyName: 'x' })),
    ];
    expect(responses.map(({ status }) => status)).toEqual([201, 422, 409, 400, 428, 412, 404, 200, 409, 503]);
    expect(await count()).toEqual(before);
  });
});

describe('a write in SQL', () => {
  const newest = async () => (await entries({}))[0];

  test('is noted by its role, or by the actor that its transaction names', async () => {
    await sql(stack.current, `update users set first_name = 'By the role' where id = 3`);
    expect(await newest()).toMatchObject({
      actor: 'sql:postgres',
      requestId: '',
      entityId: 3,
      username: 'johndoe',
    });
    await sql(
      stack.current,
      `begin;
       select set_config('edge_accounts.actor', 'ops:jane', true), set_config('edge_accounts.request_id', 'ticket-7', true);
       update users set first_name = 'Noted' where id in (3, 4);
       commit;
       update users set first_name = 'By the role again' where id = 3`,
    );
    const left = await entries({ actor: 'ops:jane' });
    expect(
      left.map(({ entity, entityId, requestId, changes }) => [entity, entityId, requestId, changes]),
    ).toEqual([
      [
        'user',
        4,
        'ticket-7',
        { firstName: { before: '', after: 'Noted' }, revision: { before: 1, after: 2 } },
      ],
      [
        'user',
        3,
        'ticket-7',
        { firstName: { before: 'By the role', after: 'Noted' }, revision: { before: 2, after: 3 } },
      ],
    ]);
    expect(await entries({ requestId: 'ticket-7' })).toEqual(left);
  });

  test('is noted with the transaction or not at all', async () => {
    const named = `select set_config('edge_accounts.actor', 'ops:rolled-back', true)`;
    await sql(stack.current, `begin; ${named}; update users set first_name = 'x' where id = 3; rollback`);
    expect(await entries({ actor: 'ops:rolled-back' })).toEqual([]);
  });

  test('is noted whatever table it is, in the words of the answers, and without secrets', async () => {
    await sql(
      stack.current,
      `begin;
       select set_config('edge_accounts.actor', 'ops:all', true);
       insert into users (id, username, email, last_login) values (80, 'eve', 'eve@example.com', '2026-01-02 03:04:05+01');
       insert into user_profiles (id, user_id, account_id) values (80, 80, 1);
       insert into api_keys (id, name, scopes, account_id, sha256, expires_at)
         values (80, 'k', '{directory:read}', 1, repeat('b', 64), '2027-01-01');
       insert into api_key_uses (key_id) values (80);
       update api_keys set sha256 = repeat('c', 64), previous_sha256 = sha256, previous_valid_until = '2027-01-01Z' where id = 80;
       delete from users where id = 80;
       commit`,
    );
    const left = (await entries({ actor: 'ops:all' })).toReversed();
    expect(left.map(({ action, entity, entityId }) => `${action} ${entity} ${entityId}`)).toEqual([
      'create user 80',
      'create user_profile 80',
      'create api_key 80',
      'update api_key 80',
      'delete user 80',
      'delete user_profile 80',
    ]);
    const [user, profile, , rotation] = left;
    expect(user?.changes).toMatchObject({
      lastLogin: { before: null, after: '2026-01-02T02:04:05.000Z' },
      dateJoined: { before: null, after: isTime },
      isSuperuser: { before: null, after: false },
    });
    expect(profile?.changes).toMatchObject({
      userId: { before: null, after: 80 },
      isTest: { before: null, after: false },
    });
    expect(rotation?.changes).toEqual({
      previousValidUntil: { before: null, after: '2027-01-01T00:00:00.000Z' },
      revision: { before: 1, after: 2 },
    });
    expect(JSON.stringify(left)).not.toMatch(/sha256|bbbb|cccc/i);
    await sql(stack.current, 'delete from api_keys where id = 80');
  });
});

describe('the log', () => {
  const ACTORS = ['filter:a', 'filter:b'];
  const ENTITIES = ['account', 'user', 'user_profile', 'api_key'];
  const at = (index: number) => `2026-03-01T00:00:${String(Math.floor(index / 5)).padStart(2, '0')}.000001Z`;
  let all: AuditEntry[] = [];

  beforeAll(async () => {
    await sql(
      stack.current,
      `insert into audit_log (at, actor, request_id, action, entity, entity_id, changes)
         select '2026-03-01T00:00:00.000001Z'::timestamptz + (n / 5) * interval '1 second',
           ($1::text[])[1 + n % 2], 'request-' || n / 7, 'update', ($2::text[])[1 + n % 3], 1 + n % 4, '{"city": ["a", "b"]}'
         from generate_series(0, 199) as n`,
      ACTORS,
      ENTITIES,
    );
    await sql(
      stack.current,
      `with ours as (
         update audit_log set account_number = '1618-0339-8874' where actor = any($1::text[]) and id % 3 = 0 returning id, entity, at
       )
       insert into audit_log_accounts (id, account_number, entity, at) select id, '1618-0339-8874', entity, at from ours`,
      ACTORS,
    );
    all = await entries({ until: '2026-04-01T00:00:00Z', limit: '500' });
  });

  // Entries of the account itself may be from before the log had names.
  const isOfDormant = ({ accountNumber, entity, entityId }: AuditEntry) =>
    accountNumber === '1618-0339-8874' || (entity === 'account' && entityId === 4);
  const filters: readonly [Query, (entry: AuditEntry) => boolean][] = [
    [{}, () => true],
    [{ actor: 'filter:a' }, ({ actor }) => actor === 'filter:a'],
    [{ actor: 'filter' }, () => false],
    [{ entity: 'user' }, ({ entity }) => entity === 'user'],
    [{ entity: 'api_key' }, () => false],
    [{ entity: 'user', entityId: '2' }, ({ entity, entityId }) => entity === 'user' && entityId === 2],
    [{ actor: 'filter:b', entity: 'account' }, (one) => one.actor === 'filter:b' && one.entity === 'account'],
    [
      { actor: 'filter:b', entity: 'account', entityId: '4' },
      (one) => one.actor === 'filter:b' && one.entity === 'account' && one.entityId === 4,
    ],
    [{ action: 'update' }, () => true],
    [{ action: 'truncate', actor: 'filter:a' }, () => false],
    [
      { action: 'update', entity: 'user', actor: 'filter:b' },
      (one) => one.entity === 'user' && one.actor === 'filter:b',
    ],
    [{ username: 'staff_user' }, ({ entity, entityId }) => entity === 'user' && entityId === 2],
    [{ username: 'nobody-has-it' }, () => false],
    [{ accountNumber: '1618-0339-8874' }, isOfDormant],
    [{ accountNumber: '1618-0339-8874', entity: 'user' }, (one) => isOfDormant(one) && one.entity === 'user'],
    [
      { accountNumber: '1618-0339-8874', entity: 'account', entityId: '4' },
      ({ entity, entityId }) => entity === 'account' && entityId === 4,
    ],
    [
      { accountNumber: '1618-0339-8874', username: 'staff_user' },
      (one) => isOfDormant(one) && one.entity === 'user' && one.entityId === 2,
    ],
    [
      { accountNumber: '1618-0339-8874', requestId: 'request-3' },
      (one) => isOfDormant(one) && one.requestId === 'request-3',
    ],
    [{ requestId: 'request-3' }, ({ requestId }) => requestId === 'request-3'],
    [
      { requestId: 'request-3', actor: 'filter:a', entity: 'user' },
      (one) => one.requestId === 'request-3' && one.actor === 'filter:a' && one.entity === 'user',
    ],
  ];
  const ranges: readonly [Query, (entry: AuditEntry) => boolean][] = [
    [{ until: '2026-04-01T00:00:00Z' }, () => true],
    [{ since: at(50), until: '2026-04-01T02:00:00+02:00' }, (one) => one.at >= at(50)],
    [{ until: at(50) }, (one) => one.at < at(50)],
    [{ since: at(50), until: at(55) }, (one) => one.at === at(50)],
    [{ since: '2026-03-01T01:00:10+01:00', until: at(100) }, (one) => one.at >= at(50) && one.at < at(100)],
    [{ since: at(55), until: at(50) }, () => false],
  ];

  test('has all of them, newest first', () => {
    expect(all).toHaveLength(200);
    expect(all).toEqual(all.toSorted((a, b) => (a.at === b.at ? b.id - a.id : a.at < b.at ? 1 : -1)));
  });

  for (const [filter, isWanted] of filters) {
    test.each(sampled(ranges, 1))(
      `with ${search(filter)} and %j has what they all admit`,
      async (range, isInRange) => {
        const wanted = all.filter((entry) => isWanted(entry) && isInRange(entry));
        for (const limit of sampled(['1', '4', '500']))
          expect(await entries({ ...filter, ...range, limit })).toEqual(wanted);
      },
    );
  }

  test('is not moved by what comes on top of it', async () => {
    const query = { actor: 'filter:a', until: '2026-04-01T00:00:00Z', limit: '10' };
    const wanted = all.filter(({ actor }) => actor === 'filter:a');
    const first = Page.parse(await jsonOf(await get(stack.current, `/v1/audit?${search(query)}`)));
    await sql(
      stack.current,
      `insert into audit_log (at, actor, request_id, action, entity, entity_id, changes)
         values ('2026-03-31', 'filter:a', '', 'update', 'user', 1, '{}')`,
    );
    expect(await entries({ ...query, cursor: first.nextCursor ?? '' })).toEqual(wanted.slice(10));
    await sql(stack.current, `delete from audit_log where at = '2026-03-31'`);
  });

  test('takes only its own cursors', async () => {
    const queries: Query[] = [
      ...filters.slice(0, 2).map(([filter]) => filter),
      { entity: 'user' },
      { entity: 'user', entityId: '2' },
      { until: at(50) },
      { since: at(50) },
      { requestId: 'request-3' },
    ];
    const { nextCursor: ofUsers } = await jsonOf(await get(stack.current, '/v1/users?limit=1'));
    for (const query of queries) {
      const { nextCursor } = await jsonOf(
        await get(stack.current, `/v1/audit?${search({ ...query, limit: '1' })}`),
      );
      const ask = (other: Query, cursor: unknown) =>
        get(stack.current, `/v1/audit?${search({ ...other, cursor: String(cursor) })}`);
      expect((await ask(query, nextCursor)).status).toBe(200);
      for (const other of queries.filter((one) => one !== query)) {
        await expectProblem(await ask(other, nextCursor), 'bad_request');
      }
      await expectProblem(await ask(query, ofUsers), 'bad_request');
    }
  });

  test('wants the entity of an entityId', async () => {
    const { errors } = await expectProblem(
      await get(stack.current, '/v1/audit?entityId=1&limit=0'),
      'bad_request',
    );
    expect(errors).toMatchObject([{ name: 'limit' }, { name: 'entityId', detail: 'needs an entity' }]);
  });

  test('has an entity tag and 304', async () => {
    const path = `/v1/audit?${search({ until: at(100) })}`;
    const etag = (await get(stack.current, path)).headers.get('ETag') ?? '';
    expect((await get(stack.current, path, { 'If-None-Match': etag })).status).toBe(304);
    const other = await get(stack.current, `/v1/audit?${search({ until: at(95) })}`, {
      'If-None-Match': etag,
    });
    expect(other.status).toBe(200);
  });

  test('is 503 without Postgres', async () => {
    const response = await whileAway(stack.current, ['postgres'], () => get(stack.current, '/v1/audit'));
    expect(response.headers.get('Retry-After')).toMatch(/^\d+$/);
    await expectProblem(response, 'unavailable');
  });
});
