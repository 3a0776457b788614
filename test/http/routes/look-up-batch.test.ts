import { beforeEach, describe, expect, test } from 'vitest';
import {
  countRequests,
  drainNow,
  emptyRedis,
  fault,
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
import { makeToken, unmetTokens, withToken } from '../../support/tokens.ts';
import { postLookUps, type Result, resultsOf, ROUTE_OF_KIND } from '../../support/http/look-up-requests.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { goodLookUps, nameOf, pathOf, routes } from '../../support/http/routes.ts';

const stack = useStack();
const all = Object.values(goodLookUps);
const absentLookUps = [
  { lookUp: 'user', userId: 999 },
  { lookUp: 'userByUsername', username: 'notfound' },
  { lookUp: 'account', accountNumber: '0000-0000-0000' },
  { lookUp: 'accountForUser', userId: 5 },
  { lookUp: 'userProfile', userProfileId: 999 },
  { lookUp: 'adminUser', accountNumber: '0000-0000-0000' },
  { lookUp: 'adminUser', accountNumber: '1618-0339-8874' },
];

const look = async (on: TestStack, lookUps: readonly object[], headers: Record<string, string> = {}) =>
  resultsOf(await postLookUps(on, lookUps, headers));
const statuses = (results: readonly Result[]) => results.map(({ status }) => status);
const tiers = (results: readonly Result[]) => results.map(({ cacheStatus }) => cacheStatus);

beforeEach(async () => {
  await fault(stack.current, 'redis', []);
  await fault(stack.current, 'postgres', []);
  await emptyRedis(stack.current);
});

/** The path of the route that makes the look-up alone. */
function pathOfKind({ lookUp, ...values }: { lookUp: string } & Record<string, unknown>): string {
  const name = Object.entries(ROUTE_OF_KIND).find(([kind]) => kind === lookUp)?.[1];
  const route = routes.find((one) => nameOf(one) === name);
  if (!route) throw new Error(`no route makes the look-up ${lookUp}`);
  return pathOf(
    route,
    Object.fromEntries(Object.entries(values).map(([field, value]) => [field, String(value)])),
  );
}

/** The two are asked one after the other, on a busy machine a second or more apart. */
const withoutAge = (cacheStatus: string | null) => cacheStatus?.replace(/ttl=\d+/, 'ttl=…');

describe('each look-up is answered as by the route for it', () => {
  test.each([...all, ...absentLookUps])('%j', async (lookUp) => {
    const batched = newIsolate(stack.current);
    const alone = newIsolate(stack.current);
    for (let time = 0; time < 2; time++) {
      await emptyRedis(stack.current);
      const [result] = await look(batched, [lookUp]);
      await emptyRedis(stack.current);
      const response = await get(alone, pathOfKind(lookUp));
      const { requestId: _requestId, ...body } = await response.json<Record<string, unknown>>();
      const { headers, status } = response;
      const cacheStatus = withoutAge(headers.get('Cache-Status'));
      const told = status === 200 ? { value: body, etag: headers.get('ETag') } : { problem: body };
      const { cacheStatus: batchStatus = null, ...rest } = result ?? {};
      expect({ ...rest, cacheStatus: withoutAge(batchStatus) }).toEqual({ status, ...told, cacheStatus });
    }
  });
});

test('results are in the order of the look-ups, whichever tier answers, also of those asked twice', async () => {
  const isolate = newIsolate(stack.current);
  await get(newIsolate(stack.current), '/v1/users/4');
  await get(isolate, '/v1/users/2');
  const ids = [7, 2, 999, 4, 2, 7, 1, 999];
  const response = await postLookUps(
    isolate,
    ids.map((userId) => ({ lookUp: 'user', userId })),
  );
  expect(response.headers.get('Cache-Status')).toBe('redis; fwd=miss; stored, isolate; fwd=miss; stored');
  expect(response.headers.get('Server-Timing')).toMatch(/^isolate;dur=\d+, redis;dur=\d+, postgres;dur=\d+$/);
  expect(response.headers.get('Cache-Control')).toBe('private, no-cache');
  const results = await resultsOf(response);
  expect(results.map(({ status, value }) => value?.id ?? status)).toEqual([7, 2, 404, 4, 2, 7, 1, 404]);
  const miss = 'redis; fwd=miss; stored, isolate; fwd=miss; stored';
  const hit = /^redis; hit; ttl=\d+, isolate; fwd=miss; stored$/;
  const memory = /^isolate; hit; ttl=\d+$/;
  for (const [at, expected] of [miss, memory, miss, hit, memory, miss, miss, miss].entries())
    expect(results[at]?.cacheStatus).toMatch(expected);
});

describe('what is no good body', () => {
  const user = goodLookUps.user;
  test.each<[string, unknown, string[]]>([
    ['none', {}, ['lookUps']],
    ['another name', { lookups: [user] }, ['lookUps', 'lookups']],
    ['another field beside', { lookUps: [user], more: 1 }, ['more']],
    ['no list', { lookUps: user }, ['lookUps']],
    ['an empty list', { lookUps: [] }, ['lookUps']],
    ['a list that is too long', { lookUps: Array.from({ length: 101 }, () => user) }, ['lookUps']],
    ['no object', { lookUps: [user, 3, null] }, ['lookUps.1', 'lookUps.2']],
    ['no kind', { lookUps: [{ userId: 3 }] }, ['lookUps.0.lookUp']],
    ['an unknown kind', { lookUps: [{ lookUp: 'toString', userId: 3 }] }, ['lookUps.0.lookUp']],
    [
      'the field of another kind',
      { lookUps: [{ ...user, accountNumber: 'x' }] },
      ['lookUps.0.accountNumber'],
    ],
    ['a field where there is none', { lookUps: [{ lookUp: 'defaultAccount', id: 1 }] }, ['lookUps.0.id']],
    [
      'ids that are none',
      { lookUps: ['3', 0, -1, 1.5, 2 ** 53, 1e300, null].map((userId) => ({ lookUp: 'user', userId })) },
      [0, 1, 2, 3, 4, 5, 6].map((at) => `lookUps.${at}.userId`),
    ],
    [
      'numbers of no account',
      {
        lookUps: ['x', '', '1234-5678-901'].map((accountNumber) => ({ lookUp: 'adminUser', accountNumber })),
      },
      [0, 1, 2].map((at) => `lookUps.${at}.accountNumber`),
    ],
    [
      'names of nobody',
      {
        lookUps: ['', 'x'.repeat(151), 'a\n', '\u0000', '\ud800'].map((username) => ({
          lookUp: 'userByUsername',
          username,
        })),
      },
      [0, 1, 2, 3, 4].map((at) => `lookUps.${at}.username`),
    ],
  ])('%s is 400, every fault with its place', async (_what, body, names) => {
    const headers = { Authorization: 'Bearer ea_local_root', 'Content-Type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const counts = await countRequests(stack.current, async () => {
      const { errors = [] } = await expectProblem(
        await send(stack.current, '/v1/lookup', init),
        'bad_request',
      );
      expect(new Set(errors.map(({ name }) => name))).toEqual(new Set(names));
      for (const { in: place } of errors) expect(place).toBe('body');
    });
    expect(counts).toEqual({ redis: 0, postgres: 0 });
  });
});

describe('demands are made of every look-up', () => {
  const users = [1, 3, 4].map((userId) => ({ lookUp: 'user', userId }));
  const rename = async (name: string) => {
    await sql(stack.current, `update users set first_name = '${name}' where id in (3, 4)`);
  };
  const names = (results: readonly Result[]) => results.map(({ value }) => value?.['firstName']);

  beforeEach(async () => {
    await rename('');
    await drainNow(stack.current);
    await emptyRedis(stack.current);
  });

  test('no-cache drops what is held and loads all in one batch', async () => {
    const isolate = newIsolate(stack.current);
    await look(isolate, users);
    await rename('New');
    expect(names(await look(isolate, users))).toEqual(['', '', '']);
    const counts = await countRequests(stack.current, async () =>
      expect(names(await look(isolate, users, { 'Cache-Control': 'no-cache' }))).toEqual(['', 'New', 'New']),
    );
    expect(counts).toEqual({ redis: 1 + 1, postgres: 1 });
    expect(names(await look(newIsolate(stack.current), users))).toEqual(['', 'New', 'New']);
  });

  test('max-age=0 skips memory', async () => {
    const isolate = newIsolate(stack.current);
    await look(isolate, users);
    const results = await look(isolate, users, { 'Cache-Control': 'max-age=0' });
    for (const status of tiers(results))
      expect(status).toMatch(/^redis; hit; ttl=\d+, isolate; fwd=request; stored$/);
  });

  test('a token of a write is met by every answer, for what the write changed and what it did not', async () => {
    const isolate = newIsolate(stack.current);
    await look(isolate, users);
    const headers = { 'Content-Type': 'application/merge-patch+json', 'If-Match': '*' };
    const written = await send(newIsolate(stack.current), '/v1/users/3', {
      method: 'PATCH',
      body: '{"firstName":"Written"}',
      headers: { Authorization: 'Bearer ea_local_root', ...headers },
    });
    const token = written.headers.get('Consistency-Token') ?? '';
    expect(names(await look(isolate, users, withToken(token)))).toEqual(['', 'Written', '']);
  });

  test.each(unmetTokens)('a token $kind makes all of them load, in one batch', async ({ make }) => {
    const isolate = newIsolate(stack.current);
    await look(isolate, users);
    const token = await make(stack.current);
    await rename('Unseen');
    expect(names(await look(isolate, users))).toEqual(['', '', '']);
    const counts = await countRequests(stack.current, async () =>
      expect(names(await look(isolate, users, withToken(token)))).toEqual(['', 'Unseen', 'Unseen']),
    );
    expect(counts).toEqual({ redis: 1 + 1, postgres: 1 });
  });

  test('what was read at or after the token stays as it is', async () => {
    const token = await makeToken(stack.current);
    const isolate = newIsolate(stack.current);
    await look(isolate, users);
    const counts = await countRequests(stack.current, () => look(isolate, users, withToken(token)));
    expect(counts).toEqual({ redis: 0, postgres: 0 });
  });
});

describe('when a store fails', () => {
  const ids = [1, 2, 3, 4, 6, 7];
  const users = ids.map((userId) => ({ lookUp: 'user', userId }));
  const mixed = [...users, { lookUp: 'user', userId: 999 }];
  const oks = ids.map(() => 200);

  test('Redis away, garbled or refusing: all are answered by one batch of Postgres', async () => {
    for (const kind of [{ kind: 'refuse' }, { kind: 'status', status: 500 }, { kind: 'truncated-json' }]) {
      await fault(stack.current, 'redis', [kind]);
      const isolate = newIsolate(stack.current);
      const counts = await countRequests(stack.current, async () => {
        const results = await look(isolate, mixed);
        expect(statuses(results)).toEqual([...oks, 404]);
        for (const status of tiers(results))
          expect(status).toBe('redis; fwd=miss; detail=unavailable, isolate; fwd=miss; stored');
      });
      expect(counts.postgres).toBe(1);
    }
  });

  test('every wrong answer of Redis is none', async () => {
    const variants = [
      'null',
      'empty-array',
      'null-result',
      'short-result',
      'nested-result',
      'list-of-results',
    ];
    for (const variant of variants) {
      await fault(stack.current, 'redis', [{ kind: 'wrong-json', variant }]);
      expect(statuses(await look(newIsolate(stack.current), mixed))).toEqual([...oks, 404]);
    }
  });

  test('Redis hanging: all are answered after one deadline, by far fewer batches than look-ups', async () => {
    await fault(stack.current, 'redis', [{ kind: 'hang' }]);
    const isolate = { ...stack.current, env: { ...stack.current.env, REDIS_DEADLINE_MS: '100' } };
    const counts = await countRequests(stack.current, async () => {
      const results = await look(isolate, mixed);
      expect(statuses(results)).toEqual([...oks, 404]);
      for (const status of tiers(results)) expect(status).toMatch(/detail=(timeout|unavailable)/);
    });
    // Each look-up has a timer of its own, and on a busy machine they strike in more than one turn.
    expect(counts.postgres).toBeLessThanOrEqual(mixed.length / 2);
  });

  const cooling = () => ({
    ...stack.current,
    env: { ...stack.current.env, BREAKER_COOLDOWN_MS: '60000' },
  });

  test('a failed request to Redis is one failure for the breaker, and five open it', async () => {
    await fault(stack.current, 'redis', [{ kind: 'refuse' }]);
    const isolate = cooling();
    const askAnew = () => look(isolate, users, { 'Cache-Control': 'max-age=0' });
    for (let time = 1; time <= 5; time++) expect((await askAnew())[0]?.cacheStatus).toContain('unavailable');
    expect((await askAnew())[0]?.cacheStatus).toContain('breaker-open');
  });

  test('a failed request to Postgres is one failure for the breaker, and five open it', async () => {
    const isolate = cooling();
    const fail = async (times: number) => {
      await fault(stack.current, 'postgres', [{ kind: 'refuse' }]);
      for (let time = 1; time <= times; time++)
        await expectProblem(
          await postLookUps(isolate, users, { 'Cache-Control': 'no-cache' }),
          'unavailable',
        );
      await fault(stack.current, 'postgres', []);
    };
    await fail(4);
    expect(statuses(await look(isolate, users))).toEqual(oks);
    await fail(5);
    await expectProblem(await postLookUps(isolate, users, { 'Cache-Control': 'no-cache' }), 'unavailable');
  });

  test('Postgres away: what Redis holds answers, old answers are marked, and the rest is 503 in its place', async () => {
    await look(newIsolate(stack.current), users.slice(0, 4));
    for (const key of await redisKeys(stack.current, 'entry:'))
      if (/:user:[12]$/.test(key)) {
        const born = BigInt(String(await redis(stack.current, 'HGET', key, 'born'))) - 400_000_000n;
        await redis(stack.current, 'HSET', key, 'born', `${born}`);
      }
    await whileAway(stack.current, ['postgres'], async () => {
      const response = await postLookUps(newIsolate(stack.current), mixed);
      const results = await resultsOf(response);
      expect(statuses(results)).toEqual([200, 200, 200, 200, 503, 503, 503]);
      for (const { cacheStatus } of results.slice(0, 2))
        expect(cacheStatus).toContain('detail=stale-if-error');
      for (const { cacheStatus } of results.slice(2, 4)) expect(cacheStatus).toMatch(/^redis; hit; ttl=\d+,/);
      for (const { problem } of results.slice(4))
        expect(problem).toMatchObject({ status: 503, code: 'unavailable' });
      expect(response.headers.get('Cache-Status')).toContain('detail=stale-if-error');
    });
  });

  test('both away: the whole is 503 with Retry-After, unless memory knows one', async () => {
    const isolate = newIsolate(stack.current);
    await get(isolate, '/v1/users/3');
    await whileAway(stack.current, ['postgres', 'redis'], async () => {
      const response = await postLookUps(newIsolate(stack.current), mixed);
      await expectProblem(response, 'unavailable');
      expect(response.headers.get('Retry-After')).toBe('2');
      expect(response.headers.get('Cache-Status')).toBe(
        'redis; fwd=miss; detail=unavailable, isolate; fwd=miss',
      );
      expect(statuses(await look(isolate, mixed))).toEqual([503, 503, 200, 503, 503, 503, 503]);
    });
  });

  test('a table that Postgres refuses is 500 alone, however often it is asked', async () => {
    const numbers = [
      '3141-5926-5359',
      '1234-5678-9012',
      '1618-0339-8874',
      '0000-0000-0000',
      '2718-2818-2845',
    ];
    const accounts = [...numbers, '1111-1111-1111'].map((accountNumber) => ({
      lookUp: 'account',
      accountNumber,
    }));
    const interleaved = users.flatMap((user, at) => [user, accounts[at] ?? goodLookUps.account]);
    await sql(stack.current, 'alter table accounts rename column city to town');
    try {
      const counts = await countRequests(stack.current, async () => {
        const results = await look(newIsolate(stack.current), [...interleaved, ...users.slice(0, 2)]);
        expect(statuses(results)).toEqual([...oks.flatMap((ok) => [ok, 500]), 200, 200]);
      });
      expect(counts.postgres).toBeLessThanOrEqual(1 + 22);
    } finally {
      await sql(stack.current, 'alter table accounts rename column town to city');
    }
  });

  test.each(['no-results', 'empty-results', 'lost-rows', 'null-rows'])(
    'a batch that is answered by %s is no answer of any',
    async (variant) => {
      await fault(stack.current, 'postgres', [{ kind: 'wrong-json', variant }]);
      await expectProblem(await postLookUps(newIsolate(stack.current), mixed), 'unavailable');
      await fault(stack.current, 'postgres', []);
      expect(statuses(await look(newIsolate(stack.current), mixed))).toEqual([...oks, 404]);
    },
  );
});

describe('an entry that is garbage', () => {
  const users = [3, 4, 6].map((userId) => ({ lookUp: 'user', userId }));
  const spoil = async (...command: string[]) => {
    const key = (await redisKeys(stack.current, 'entry:')).find((name) => name.endsWith(':user:3')) ?? '';
    const [name = '', ...args] = command;
    if (name === 'SET') await redis(stack.current, 'DEL', key);
    await redis(stack.current, name, key, ...args);
  };

  test.each([
    ['of another type', ['SET', 'garbage']],
    ['without a payload', ['HDEL', 'payload']],
    ['that is no answer', ['HSET', 'payload', '{"id":"three"}']],
    ['that is no JSON', ['HSET', 'payload', '{']],
  ])('%s is loaded anew, hurts no other, and heals', async (_what, command) => {
    await look(newIsolate(stack.current), users);
    await spoil(...command);
    const [bad, ...others] = await look(newIsolate(stack.current), users);
    expect(bad).toMatchObject({ status: 200, value: { id: 3, username: 'johndoe' } });
    expect(bad?.cacheStatus).toBe('redis; fwd=miss; stored, isolate; fwd=miss; stored');
    for (const { cacheStatus } of others) expect(cacheStatus).toMatch(/^redis; hit;/);
    for (const { cacheStatus } of await look(newIsolate(stack.current), users))
      expect(cacheStatus).toMatch(/^redis; hit;/);
  });
});

test('a batch asks no more than a hundred things, and as many are answered', async () => {
  const hundred = Array.from({ length: 100 }, (_, n) => ({ lookUp: 'user', userId: n + 1 }));
  const counts = await countRequests(stack.current, async () =>
    expect(await look(newIsolate(stack.current), hundred)).toHaveLength(100),
  );
  expect(counts).toEqual({ redis: 1 + 1, postgres: 1 });
});
