import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { formatApiKey, formatSecret } from '../../../src/directory/keys/api-key.ts';
import { isolateOf } from '../../../src/isolate.ts';
import * as lookUps from '../../../src/rpc/look-ups.ts';
import * as rpcUserWrites from '../../../src/rpc/user-writes.ts';
import * as rpcWrites from '../../../src/rpc/account-writes.ts';
import {
  countRequests,
  drainNow,
  emptyRedis,
  get,
  newIsolate,
  redis,
  redisKeys,
  send,
  sql,
  type TestStack,
  useStack,
  whileAway,
} from '../../support/stack.ts';
import { SCOPES } from '../../../src/directory/caller.ts';
import { change, create } from '../../support/http/changes.ts';
import { type Issued, issuedOf, issueKey, withKey } from '../../support/http/issued-keys.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { askRoute, nameOf, pathOf, routes } from '../../support/http/routes.ts';
import { sampled } from '../../support/scale.ts';

const MEMORY_TTL_MS = 5_000;
const stack = useStack({ MEMORY_TTL_MS: String(MEMORY_TTL_MS) });
const PATH = '/v1/users/3';
const FILL = 1;
const NOTE = 1;

const ask = (on: TestStack, key: Pick<Issued, 'key'>, headers = {}) =>
  send(on, PATH, { headers: { ...withKey(key), ...headers } });
const statusOf = async (on: TestStack, key: Pick<Issued, 'key'>) => (await ask(on, key)).status;
const readUses = (id: number) =>
  sql<{ ago: number }>(
    stack.current,
    'select extract(epoch from now() - last_used_at)::int as ago from api_key_uses where key_id = $1',
    id,
  );

const STACKADEMY = '1234-5678-9012';
const dry = { dryRun: true };

/** Arguments that every method of the class takes, by its function. */
const goodArguments: Readonly<Record<string, object>> = {
  account: { accountNumber: STACKADEMY },
  accountForExternalId: { externalId: 'crm-1' },
  userForExternalId: { externalId: 'crm-1' },
  userProfile: { userProfileId: 3 },
  cachedAccountForUser: { userId: 3 },
  cachedAdminUserForAccount: { accountNumber: STACKADEMY },
  cachedDefaultAccount: {},
  cachedSmarterAdminUserProfile: {},
  cachedUserForUserId: { userId: 3 },
  cachedUserForUsername: { username: 'johndoe' },
  userProfilesForAccount: { accountNumber: STACKADEMY },
  usersForAccount: { accountNumber: STACKADEMY },
  accountsForUser: { userId: 3 },
  validResourceOwners: { userProfileId: null },
  many: { lookUps: [{ lookUp: 'defaultAccount' }] },
  createAccount: { account: { companyName: 'x' } },
  changeAccount: { accountNumber: STACKADEMY, changes: { city: 'x' }, options: { revision: 1 } },
  switchDefaultAccount: { accountNumber: STACKADEMY },
  deleteAccount: { accountNumber: STACKADEMY, options: dry },
  createUser: { user: { username: 'x', email: 'x@example.com' } },
  createUsers: { users: [{ username: 'x', email: 'x@example.com' }] },
  changeUser: { userId: 3, changes: { firstName: 'x' }, options: { revision: 1 } },
  deleteUser: { userId: 3, options: dry },
  createUserProfile: { profile: { userId: 5, accountNumber: STACKADEMY } },
  changeUserProfile: { userProfileId: 3, changes: { name: 'x' }, options: { revision: 1 } },
  deleteUserProfile: { userProfileId: 3, options: dry },
};

/** Lets every entry in memory expire, and nothing in Redis, whose clock is another. */
const outliveMemory = () => vi.setSystemTime(Date.now() + MEMORY_TTL_MS);

// The first use of each script costs a request more, for Redis does not know it yet.
beforeAll(async () => {
  await get(stack.current, PATH);
  await drainNow(stack.current);
});
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() }));
afterEach(() => void vi.useRealTimers());

describe('what a check costs', () => {
  let key: Issued;
  beforeEach(async () => {
    key = await issueKey(stack.current);
    await sql(stack.current, 'insert into api_key_uses (key_id) values ($1)', key.id);
    await get(newIsolate(stack.current), PATH);
  });

  test('one request to each store and a fill when nobody knows, and nothing when memory does', async () => {
    const isolate = newIsolate(stack.current);
    await get(isolate, PATH);
    const cold = await countRequests(stack.current, () => ask(isolate, key));
    expect(cold).toEqual({ redis: 1 + FILL, postgres: 1 + NOTE });
    expect(await countRequests(stack.current, () => ask(isolate, key))).toEqual({ redis: 0, postgres: 0 });
  });

  test('one request to Redis when it knows', async () => {
    await ask(newIsolate(stack.current), key);
    const isolate = newIsolate(stack.current);
    await get(isolate, PATH);
    const counts = await countRequests(stack.current, () => ask(isolate, key));
    expect(counts).toEqual({ redis: 1, postgres: NOTE });
  });

  test('it is no part of Cache-Status, and the demands of the request are not its own', async () => {
    const isolate = newIsolate(stack.current);
    const first = await ask(isolate, key);
    expect(first.headers.get('Cache-Status')).toMatch(/^redis; hit; ttl=\d+, isolate; fwd=miss; stored$/);
    const counts = await countRequests(stack.current, async () => {
      const second = await ask(isolate, key, { 'Cache-Control': 'max-age=0' });
      expect(second.headers.get('Cache-Status')).toMatch(/^redis; hit/);
    });
    expect(counts).toEqual({ redis: 1, postgres: 0 });
  });

  test.each([
    ['a character is wrong', (text: string) => `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`],
    ['the end is missing', (text: string) => text.slice(0, -1)],
    ['it is of another environment', (text: string) => inAnotherEnvironment(text)],
  ])('nothing, and 401, when %s', async (_, spoil) => {
    const counts = await countRequests(stack.current, async () => {
      await expectProblem(await ask(newIsolate(stack.current), { key: spoil(key.key) }), 'unauthorized');
    });
    expect(counts).toEqual({ redis: 0, postgres: 0 });
  });
});

function inAnotherEnvironment(text: string): string {
  const [, , id = '', rest = ''] = text.split('_');
  return formatApiKey({ environment: 'production', id: Number(id), secret: rest.slice(0, -6) });
}

const forged = (id: number) => {
  const secret = formatSecret(crypto.getRandomValues(new Uint8Array(32)));
  return { key: formatApiKey({ environment: 'local', id, secret }) };
};

test('the right id with another secret is 401, and so is a key that is not there', async () => {
  const { id } = await issueKey(stack.current);
  for (const key of [forged(id), forged(999_999)]) {
    const { detail } = await expectProblem(await ask(stack.current, key), 'unauthorized');
    expect(detail).toBe('the key is not valid');
  }
});

test('absent keys are kept in Redis for a while and never in memory, where they would push out others', async () => {
  const isolate = newIsolate(stack.current);
  await get(isolate, PATH);
  const isKept = () => isolateOf(isolate.env).cache.memory.peek('key:777777', Date.now()) !== undefined;
  const cold = await countRequests(stack.current, () => ask(isolate, forged(777_777)));
  expect(cold).toEqual({ redis: 1 + FILL, postgres: 1 });
  expect(isKept()).toBe(false);
  const again = await countRequests(stack.current, () => ask(isolate, forged(777_777)));
  expect(again).toEqual({ redis: 1, postgres: 0 });
  expect(isKept()).toBe(false);
});

test('a flood of absent keys leaves what memory holds where it is', async () => {
  const small = newIsolate({ ...stack.current, env: { ...stack.current.env, MEMORY_MAX_BYTES: '65536' } });
  const key = await issueKey(stack.current);
  await ask(small, key);
  for (let id = 1; id <= 300; id++) await ask(small, forged(5_000_000 + id));
  expect(await countRequests(stack.current, () => ask(small, key))).toEqual({ redis: 0, postgres: 0 });
});

test('a key that was absent is good as soon as it is there', async () => {
  const [row] = await sql<{ next: number }>(
    stack.current,
    "select nextval(pg_get_serial_sequence('api_keys', 'id'))::int + 1 as next",
  );
  const next = row?.next ?? 0;
  await expectProblem(await ask(stack.current, forged(next)), 'unauthorized');
  const key = await issueKey(stack.current);
  expect(key.id).toBe(next);
  expect(await statusOf(stack.current, key)).toBe(200);
});

describe('an outage', () => {
  test('is 503 while a key is checked, and never 401', async () => {
    const key = await issueKey(stack.current);
    for (const one of [key, forged(key.id), forged(888_888)]) {
      const response = await whileAway(stack.current, ['redis', 'postgres'], () =>
        ask(newIsolate(stack.current), one),
      );
      await expectProblem(response, 'unavailable');
      expect(response.headers.get('Retry-After')).toMatch(/^\d+$/);
    }
  });

  test('of Redis alone leaves every key good, and of Postgres those that Redis knows', async () => {
    const key = await issueKey(stack.current);
    await ask(newIsolate(stack.current), key);
    for (const store of ['redis', 'postgres'] as const) {
      const status = await whileAway(stack.current, [store], () => statusOf(newIsolate(stack.current), key));
      expect(status).toBe(200);
    }
  });

  test('of Postgres delays no answer by the note of the use, which it only loses', async () => {
    const key = await issueKey(stack.current);
    await get(newIsolate(stack.current), PATH);
    await ask(newIsolate(stack.current), key);
    await sql(stack.current, 'delete from api_key_uses where key_id = $1', key.id);
    const isolate = newIsolate(stack.current);
    expect(await whileAway(stack.current, ['postgres'], () => statusOf(isolate, key))).toBe(200);
    expect(await readUses(key.id)).toEqual([]);
  });

  test('what Redis garbled of a key is loaded anew', async () => {
    const key = await issueKey(stack.current);
    await ask(newIsolate(stack.current), key);
    const entries = await redisKeys(stack.current, 'entry:');
    const entry = entries.find((name) => name.endsWith(`key:${key.id}`)) ?? '';
    await redis(stack.current, 'HSET', entry, 'payload', '{"id":1}');
    expect(await statusOf(newIsolate(stack.current), key)).toBe(200);
  });
});

describe('a revocation', () => {
  const revoke = (on: TestStack, { id }: Issued) => change(on, 'DELETE', `/v1/keys/${id}`);

  test('is obeyed at once where it was made, and elsewhere once memory has forgotten', async () => {
    const key = await issueKey(stack.current);
    const [here, there] = [newIsolate(stack.current), newIsolate(stack.current)];
    expect([await statusOf(here, key), await statusOf(there, key)]).toEqual([200, 200]);
    expect((await revoke(here, key)).status).toBe(200);
    const { detail } = await expectProblem(await ask(here, key), 'unauthorized');
    expect(detail).toBe('the key was revoked');
    await expectProblem(await ask(newIsolate(stack.current), key), 'unauthorized');
    outliveMemory();
    await expectProblem(await ask(there, key), 'unauthorized');
  });

  test('at a prompt is obeyed after the next drain', async () => {
    const key = await issueKey(stack.current);
    expect(await statusOf(newIsolate(stack.current), key)).toBe(200);
    await sql(stack.current, 'update api_keys set revoked_at = now() where id = $1', key.id);
    await drainNow(stack.current);
    await expectProblem(await ask(newIsolate(stack.current), key), 'unauthorized');
  });

  test('deletion of the account ends its keys', async () => {
    await create(stack.current, '/v1/accounts', { companyName: 'x', accountNumber: '0777-0777-0777' });
    const key = await issueKey(stack.current, { accountNumber: '0777-0777-0777' });
    const asked = () => send(stack.current, '/v1/accounts/0777-0777-0777', { headers: withKey(key) });
    expect((await asked()).status).toBe(200);
    await change(stack.current, 'DELETE', '/v1/accounts/0777-0777-0777', undefined, { 'If-Match': '*' });
    await expectProblem(await asked(), 'unauthorized');
  });
});

describe('a key that is bound to an inactive account', () => {
  let made = 0;

  /** A key of a new account, which is inactive from the beginning if the body says so. */
  async function makeBound(rest: object = {}) {
    const accountNumber = `0555-0555-${String(++made).padStart(4, '0')}`;
    await create(stack.current, '/v1/accounts', { companyName: 'x', accountNumber, ...rest });
    return { accountNumber, key: await issueKey(stack.current, { accountNumber, scopes: [...SCOPES] }) };
  }

  const setActive = (on: TestStack, accountNumber: string, isActive: boolean) =>
    change(on, 'PATCH', `/v1/accounts/${accountNumber}`, { isActive }, { 'If-Match': '*' });

  const named = routes.map((route) => [nameOf(route), route] as const);
  test.each(sampled(named))('may not ask for %s, unless it is open', async (_name, route) => {
    const { key } = await makeBound({ isActive: false });
    const response = await askRoute(stack.current, route, pathOf(route), withKey(key));
    if (route.spec.scope === 'open') expect(response.status).not.toBe(403);
    else await expectProblem(response, 'account_is_inactive');
  });

  test.each([
    ['made inactive', true],
    ['made active', false],
  ])(
    'is held to its account as it is, once that is %s: here at once, elsewhere when memory has forgotten',
    async (_name, isActive) => {
      const { key, accountNumber } = await makeBound({ isActive });
      const path = `/v1/accounts/${accountNumber}`;
      const statusOn = async (on: TestStack) => (await send(on, path, { headers: withKey(key) })).status;
      const [here, there] = [newIsolate(stack.current), newIsolate(stack.current)];
      const [before, after] = isActive ? [200, 403] : [403, 200];
      expect([await statusOn(here), await statusOn(there)]).toEqual([before, before]);
      expect((await setActive(here, accountNumber, !isActive)).status).toBe(200);
      expect([await statusOn(here), await statusOn(newIsolate(stack.current))]).toEqual([after, after]);
      outliveMemory();
      expect(await statusOn(there)).toBe(after);
    },
  );

  test.each([true, false])(
    'is held to it after the next drain, when somebody at a prompt sets it active: %j',
    async (isActive) => {
      const { key, accountNumber } = await makeBound({ isActive: !isActive });
      const path = `/v1/accounts/${accountNumber}`;
      await send(newIsolate(stack.current), path, { headers: withKey(key) });
      await sql(
        stack.current,
        'update accounts set is_active = $2 where account_number = $1',
        accountNumber,
        isActive,
      );
      await drainNow(stack.current);
      const response = await send(newIsolate(stack.current), path, { headers: withKey(key) });
      if (isActive) expect(response.status).toBe(200);
      else await expectProblem(response, 'account_is_inactive');
    },
  );

  test('is not noted as used, and is 401 where it is revoked or expired or the secret is wrong', async () => {
    const { key } = await makeBound({ isActive: false });
    await expectProblem(await ask(stack.current, key), 'account_is_inactive');
    expect(await readUses(key.id)).toEqual([]);
    await expectProblem(await ask(stack.current, forged(key.id)), 'unauthorized');
    await change(stack.current, 'DELETE', `/v1/keys/${key.id}`);
    await expectProblem(await ask(stack.current, key), 'unauthorized');
  });

  test('makes no key while memory takes the account for active', async () => {
    const { key, accountNumber } = await makeBound();
    const there = newIsolate(stack.current);
    expect((await send(there, `/v1/accounts/${accountNumber}`, { headers: withKey(key) })).status).toBe(200);
    await setActive(stack.current, accountNumber, false);
    const body = { name: 'Late', scopes: ['directory:read'], accountNumber };
    await expectProblem(await create(there, '/v1/keys', body, withKey(key)), 'forbidden');
  });
});

describe('a service binding whose props name an inactive account', () => {
  const accountNumber = '1618-0339-8874';
  const path = `/v1/accounts/${accountNumber}`;

  /** The code of what a method of the class answers through the binding; null when it answers. */
  async function codeOn(on: TestStack, call: typeof lookUps.account, args: object): Promise<unknown> {
    const props = { name: 'dormant', scopes: SCOPES, accountNumber };
    const ctx = createExecutionContext();
    const answered = call(on.env, Object.assign(ctx, { props }), args, undefined);
    const code = await answered.then(
      () => null,
      (error: { code: unknown }) => error.code,
    );
    await waitOnExecutionContext(ctx);
    return code;
  }
  const readOn = (on: TestStack) => codeOn(on, lookUps.account, { accountNumber });
  const setActive = (isActive: boolean) =>
    change(stack.current, 'PATCH', path, { isActive }, { 'If-Match': '*' });

  test('calls no method', async () => {
    const { ownersArguments: _arguments, subjectOfOwners: _subject, ...rpcLookUps } = lookUps;
    const all = { ...rpcLookUps, ...rpcWrites, ...rpcUserWrites };
    for (const [name, call] of Object.entries(all)) {
      const args = goodArguments[name];
      if (!args) throw new Error(`the tests know no arguments of ${name}`);
      expect([name, await codeOn(stack.current, call as typeof lookUps.account, args)]).toEqual([
        name,
        'account_is_inactive',
      ]);
    }
  });

  test('is held to its account as it is, in both directions: here at once, elsewhere when memory has forgotten', async () => {
    const there = newIsolate(stack.current);
    for (const isActive of [true, false]) {
      const [before, after] = isActive ? ['account_is_inactive', null] : [null, 'account_is_inactive'];
      expect([await readOn(stack.current), await readOn(there)]).toEqual([before, before]);
      expect((await setActive(isActive)).status).toBe(200);
      expect([await readOn(stack.current), await readOn(newIsolate(stack.current))]).toEqual([after, after]);
      outliveMemory();
      expect(await readOn(there)).toBe(after);
    }
  });

  test('is not told so by an outage', async () => {
    const isolate = newIsolate(stack.current);
    const code = await whileAway(stack.current, ['redis', 'postgres'], () => readOn(isolate));
    expect(code).toBe('unavailable');
  });
});

describe('a rotation', () => {
  const rotate = (key: Issued, body: object) =>
    create(stack.current, `/v1/keys/${key.id}/rotate`, body).then(issuedOf);

  test('leaves the secret before it good for the grace period, and no longer', async () => {
    const key = await issueKey(stack.current);
    expect(await statusOf(stack.current, key)).toBe(200);
    const next = await rotate(key, { gracePeriodSeconds: 60 });
    expect(next.key).not.toBe(key.key);
    expect([await statusOf(stack.current, key), await statusOf(stack.current, next)]).toEqual([200, 200]);
    vi.setSystemTime(Date.now() + 61_000);
    expect([await statusOf(stack.current, key), await statusOf(stack.current, next)]).toEqual([401, 200]);
  });

  test('without a grace period, and the next one, end the secret before at once', async () => {
    const key = await issueKey(stack.current);
    const second = await rotate(key, { gracePeriodSeconds: 0 });
    expect([await statusOf(stack.current, key), await statusOf(stack.current, second)]).toEqual([401, 200]);
    const third = await rotate(second, {});
    const fourth = await rotate(third, {});
    expect(await statusOf(stack.current, second)).toBe(401);
    expect([await statusOf(stack.current, third), await statusOf(stack.current, fourth)]).toEqual([200, 200]);
  });
});

describe('what memory still takes for a good key', () => {
  const scopes = ['keys:write', 'directory:read'];
  const soon = new Date(Date.now() + 86_400_000).toISOString();
  const body = { name: 'By a former maker', scopes: ['directory:read'], expiresAt: soon };

  /** A key that this isolate knows as it was before the statement, and one that it might manage. */
  async function formerly(statement: string) {
    const maker = await issueKey(stack.current, { scopes });
    const target = await issueKey(stack.current, { expiresAt: soon });
    const there = newIsolate(stack.current);
    expect(await statusOf(there, maker)).toBe(200);
    await sql(stack.current, statement, maker.id);
    return { maker, target, there };
  }

  const writes: readonly [string, (on: TestStack, own: Issued, target: Issued) => Promise<Response>][] = [
    ['makes no key', (on, own) => create(on, '/v1/keys', body, withKey(own))],
    [
      'makes no key of an account',
      (on, own) => create(on, '/v1/keys', { ...body, accountNumber: '1234-5678-9012' }, withKey(own)),
    ],
    [
      'makes no key under an Idempotency-Key',
      (on, own) => create(on, '/v1/keys', body, { ...withKey(own), 'Idempotency-Key': 'former' }),
    ],
    ['rotates no key', (on, own, { id }) => create(on, `/v1/keys/${id}/rotate`, {}, withKey(own))],
    [
      'changes no key',
      (on, own, { id }) =>
        change(on, 'PATCH', `/v1/keys/${id}`, { name: 'x' }, { ...withKey(own), 'If-Match': '*' }),
    ],
  ];
  const losses = [
    ['was revoked', 'update api_keys set revoked_at = now() where id = $1'],
    ['has expired', `update api_keys set expires_at = now() where id = $1`],
    ['expires before', `update api_keys set expires_at = now() + interval '1 hour' where id = $1`],
    ['lacks a scope', `update api_keys set scopes = '{keys:write}' where id = $1`],
    ['may manage no keys', `update api_keys set scopes = '{directory:read}' where id = $1`],
    ['was rotated', `update api_keys set sha256 = repeat('0', 64) where id = $1`],
    ['is gone', 'delete from api_keys where id = $1'],
  ] as const;
  const cases = losses.flatMap(([loss, statement]) =>
    writes.map(([name, write]) => ({ loss, statement, name, write })),
  );

  test.each(sampled(cases, 12))('$name when it $loss', async ({ statement, write }) => {
    const { maker, target, there } = await formerly(statement);
    const rows = () => sql(stack.current, 'select * from api_keys order by id');
    const before = await rows();
    const { detail } = await expectProblem(await write(there, maker, target), 'forbidden');
    expect(detail).toBe('your own key no longer has these rights');
    expect(await rows()).toEqual(before);
    expect(
      await sql(stack.current, 'select 1 from idempotency_keys where caller = $1', `key:${maker.id}`),
    ).toEqual([]);
  });

  test.each([{ scopes: ['directory:read', 'keys:write'] }, { scopes: ['keys:write'] }])(
    'gives another key nothing that it lost: %j',
    async (changes) => {
      const { maker, target, there } = await formerly(
        `update api_keys set scopes = '{keys:write}' where id = $1`,
      );
      const headers = { ...withKey(maker), 'If-Match': '*' };
      const response = await change(there, 'PATCH', `/v1/keys/${target.id}`, changes, headers);
      await expectProblem(response, 'forbidden');
    },
  );

  test.each(losses.filter(([loss]) => !['expires before', 'lacks a scope'].includes(loss)))(
    'ends no key when it %s',
    async (_, statement) => {
      const { maker, target, there } = await formerly(statement);
      const end = (query: string) =>
        change(there, 'DELETE', `/v1/keys/${target.id}${query}`, undefined, withKey(maker));
      for (const query of ['', '?withDescendants=true']) await expectProblem(await end(query), 'forbidden');
      const [row] = await sql(stack.current, 'select revoked_at from api_keys where id = $1', target.id);
      expect(row).toEqual({ revoked_at: null });
    },
  );

  test('that has what ending keys takes still ends them', async () => {
    const { maker, target, there } = await formerly(
      `update api_keys set scopes = '{keys:write}' where id = $1`,
    );
    const response = await change(there, 'DELETE', `/v1/keys/${target.id}`, undefined, withKey(maker));
    expect(response.status).toBe(200);
  });

  test('a key may narrow itself, and then do no more than that', async () => {
    const maker = await issueKey(stack.current, { scopes });
    const narrow = { scopes: ['keys:write'], expiresAt: soon };
    const headers = { ...withKey(maker), 'If-Match': '*' };
    const path = `/v1/keys/${maker.id}`;
    expect((await change(stack.current, 'PATCH', path, narrow, headers)).status).toBe(200);
    await expectProblem(await change(stack.current, 'PATCH', path, { scopes }, headers), 'forbidden');
  });

  test('keys that change themselves and each other at once wait for each other', async () => {
    const [a, b] = [await issueKey(stack.current, { scopes }), await issueKey(stack.current, { scopes })];
    const pairs = [
      [a, b],
      [b, a],
      [a, a],
      [b, b],
    ] as const;
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => pairs)
        .flat()
        .map(([own, { id }]) => {
          const headers = { ...withKey(own), 'If-Match': '*' };
          return change(stack.current, 'PATCH', `/v1/keys/${id}`, { name: 'x' }, headers);
        }),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });
});

test('a key is refused from its expiry on, also out of memory', async () => {
  const expiresAt = new Date(Date.now() + 3_000).toISOString();
  const key = await issueKey(stack.current, { expiresAt });
  vi.setSystemTime(Date.parse(expiresAt) - 1);
  expect(await statusOf(stack.current, key)).toBe(200);
  vi.setSystemTime(Date.parse(expiresAt));
  const { detail } = await expectProblem(await ask(stack.current, key), 'unauthorized');
  expect(detail).toBe('the key has expired');
});

test('a change of the scopes is obeyed at once where it was made', async () => {
  const key = await issueKey(stack.current);
  expect(await statusOf(stack.current, key)).toBe(200);
  const scopes = { scopes: ['directory:write'] };
  await change(stack.current, 'PATCH', `/v1/keys/${key.id}`, scopes, { 'If-Match': key.etag });
  const { detail } = await expectProblem(await ask(stack.current, key), 'forbidden');
  expect(detail).toContain('directory:read');
});

test('scopes that this deployment does not know allow nothing and break nothing', async () => {
  const key = await issueKey(stack.current);
  await sql(stack.current, `update api_keys set scopes = '{all,directory:read}' where id = $1`, key.id);
  expect(await statusOf(newIsolate(stack.current), key)).toBe(200);
  await sql(stack.current, `update api_keys set scopes = '{all}' where id = $1`, key.id);
  await drainNow(stack.current);
  await expectProblem(await ask(newIsolate(stack.current), key), 'forbidden');
});

describe('the last use', () => {
  test('is noted once in five minutes by each isolate, and by all of them together', async () => {
    const key = await issueKey(stack.current);
    const isolate = newIsolate(stack.current);
    await ask(isolate, key);
    expect(await readUses(key.id)).toEqual([{ ago: 0 }]);
    const at = (ago: number) =>
      sql(
        stack.current,
        `update api_key_uses set last_used_at = now() - ${ago} * interval '1 second' where key_id = $1`,
        key.id,
      );
    await at(299);
    outliveMemory();
    expect((await countRequests(stack.current, () => ask(isolate, key))).postgres).toBe(0);
    await ask(newIsolate(stack.current), key);
    expect(await readUses(key.id)).toEqual([{ ago: 299 }]);
    await at(301);
    vi.setSystemTime(Date.now() + 300_000);
    await ask(isolate, key);
    expect(await readUses(key.id)).toEqual([{ ago: 0 }]);
  });

  test('is no change of the key', async () => {
    const key = await issueKey(stack.current);
    await ask(stack.current, key);
    const response = await get(stack.current, `/v1/keys/${key.id}`);
    expect(response.headers.get('ETag')).toBe(key.etag);
    const { lastUsedAt } = await response.json<{ lastUsedAt: string }>();
    expect(Math.abs(Date.parse(lastUsedAt) - Date.now())).toBeLessThan(60_000);
  });

  test('of a refused key is not noted', async () => {
    const key = await issueKey(stack.current);
    await ask(stack.current, forged(key.id));
    await change(stack.current, 'DELETE', `/v1/keys/${key.id}`);
    await ask(stack.current, key);
    expect(await readUses(key.id)).toEqual([]);
  });
});

test('the root key can be switched off, and other keys stay good', async () => {
  const key = await issueKey(stack.current);
  const off = newIsolate({ ...stack.current, env: { ...stack.current.env, ROOT_API_KEY_SHA256: 'off' } });
  await expectProblem(await get(off, PATH), 'unauthorized');
  await expectProblem(await get(off, PATH, { Authorization: 'Bearer off' }), 'unauthorized');
  expect(await statusOf(off, key)).toBe(200);
});

test('Token is as good as Bearer for an API key', async () => {
  const { key } = await issueKey(stack.current);
  expect((await get(stack.current, PATH, { Authorization: `token ${key}` })).status).toBe(200);
});

test('neither store has a secret of a key', async () => {
  await emptyRedis(stack.current);
  const { key, id } = await issueKey(stack.current, {}, { 'Idempotency-Key': 'kept' });
  await ask(stack.current, { key });
  const secret = key.split('_')[3]?.slice(0, 43) ?? '';
  const rows = await sql(
    stack.current,
    `select (select json_agg(k) from api_keys as k)::text || (select json_agg(i) from idempotency_keys as i)::text
       || (select json_agg(a) from audit_log as a)::text as everything`,
  );
  expect(JSON.stringify(rows)).toContain('Of a test');
  expect(JSON.stringify(rows)).not.toContain(secret);
  const entries = (await redisKeys(stack.current, 'entry:')).filter((name) => name.endsWith(`key:${id}`));
  expect(entries).toHaveLength(1);
  for (const entry of entries)
    expect(JSON.stringify(await redis(stack.current, 'HGETALL', entry))).not.toContain(secret);
});
