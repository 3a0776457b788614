import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ExplainedUrl, Explanation } from '../../../src/http/explain/schema.ts';
import { isolateOf } from '../../../src/isolate.ts';
import { dumpLives, dumpRedis } from '../../support/redis-dump.ts';
import {
  countRequests,
  drainNow,
  emptyRedis,
  get,
  newIsolate,
  redisKeys,
  send,
  sql,
  type TestStack,
  useStack,
  whileAway,
} from '../../support/stack.ts';
import { sampled, scaled, seed } from '../../support/scale.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { goodValues, pathOf, routes, useGoodRows } from '../../support/http/routes.ts';

const stack = useStack({ BREAKER_FAILURES: '3', BREAKER_COOLDOWN_MS: '60000' });
useGoodRows(stack);
const PATH = '/v1/users/3';
const CONTEXT = 'http://hr.1234-5678-9012.api.localhost:8787/v1/context';
/** An isolate of the test's own: nothing in memory. */
let fresh: TestStack;
const CACHED = routes.filter(({ method, spec }) => method === 'GET' && spec.lookUp);

const urlOf = (path: string) => `/v1/explain?path=${encodeURIComponent(path)}`;

async function explain(
  on: TestStack,
  path = PATH,
  headers: Record<string, string> = {},
): Promise<Explanation> {
  const response = await get(on, urlOf(path), headers);
  expect(response.status).toBe(200);
  const body: unknown = await response.json();
  const explanation = Explanation.parse(body);
  expect(explanation).toEqual(body);
  return explanation;
}

const explainAnew = (path?: string) => explain(newIsolate(stack.current), path);
const status = (response: Response) => response.headers.get('Cache-Status') ?? '';

// The first use of each script costs a request more, for Redis does not know it yet.
beforeAll(async () => {
  await get(stack.current, PATH);
  await explain(stack.current);
  await drainNow(stack.current);
});
beforeEach(async () => {
  fresh = newIsolate(stack.current);
  // A row that the next drain confirms would tell it that Redis forgot, and begin an epoch in the middle of a test.
  await sql(stack.current, 'delete from cache_invalidations');
  await emptyRedis(stack.current);
});
afterEach(() => void vi.unstubAllGlobals());

const cachedPaths = CACHED.map((route) => ({
  route: route.path,
  path: route.path === '/v1/context' ? CONTEXT : pathOf(route),
}));

describe.each(sampled(cachedPaths))('$route', ({ route, path }) => {
  test('is answered by Postgres, then by memory, and in another isolate by Redis', async () => {
    const isolate = newIsolate(stack.current);
    const cold = await explain(isolate, path);
    expect(cold).toMatchObject({ path, answer: { tier: 'postgres', ifPostgresFails: 'unavailable' } });
    expect(cold.route).toBe(route.replaceAll(/:(\w+)/g, '{$1}'));
    expect((await get(isolate, path)).status).toBe(200);
    expect(await explain(isolate, path)).toMatchObject({ key: cold.key, answer: { tier: 'isolate' } });
    expect(await explainAnew(path)).toMatchObject({ key: cold.key, answer: { tier: 'redis' } });
  });

  test('costs at most one request to Redis and none to Postgres to explain, whoever has the answer', async () => {
    const isolate = newIsolate(stack.current);
    const cost = { redis: 1, postgres: 0 };
    expect(await countRequests(stack.current, () => explain(isolate, path))).toEqual(cost);
    await get(isolate, path);
    expect(await countRequests(stack.current, () => explain(isolate, path))).toEqual(cost);
    expect(await countRequests(stack.current, () => explainAnew(path))).toEqual(cost);
  });

  test('is explained without a change in Redis or memory', async () => {
    const isolate = newIsolate(stack.current);
    await explain(isolate, path);
    expect(await dumpRedis(stack.current)).toEqual({});
    await get(isolate, path);
    const { key } = await explain(isolate, path);
    const before = [await dumpRedis(stack.current), dumpIsolate(isolate, key)];
    const lives = await dumpLives(stack.current);
    for (const cacheControl of ['', 'no-cache', 'max-age=0'])
      await explain(isolate, path, { 'Cache-Control': cacheControl });
    expect([await dumpRedis(stack.current), dumpIsolate(isolate, key)]).toEqual(before);
    for (const [name, lifeMs] of Object.entries(await dumpLives(stack.current)))
      expect(lifeMs).toBeLessThanOrEqual(lives[name] ?? 0);
  });
});

/** What an isolate keeps that a read could change. */
function dumpIsolate({ env }: TestStack, key: string): unknown {
  const { memory, inFlight, breaker } = isolateOf(env).cache;
  const now = Date.now();
  return structuredClone([
    memory.peek(key, now),
    inFlight.size,
    breaker.describe(now),
    memory.invalidations.last(),
  ]);
}

test('an entry is shown with age, what is left of its life, tags, as-of and key, and without its data', async () => {
  await get(fresh, PATH);
  const text = await (await get(fresh, urlOf(PATH))).text();
  const { isolate, redis: shared, tags, at } = Explanation.parse(JSON.parse(text));
  const { entry } = shared;
  expect(isolate).toMatchObject({ state: 'usable', entry: { hits: 0, tags: ['user:3'] } });
  expect(shared).toMatchObject({ state: 'fresh', lease: null, entry: { tags: ['user:3'] } });
  expect(entry && entry.freshMsLeft + entry.ageMs).toBe(300_000);
  expect(entry && entry.msLeft + entry.ageMs).toBe(3_900_000);
  expect(entry?.bytes).toBe(isolate.entry?.bytes);
  expect(shared.clock?.last).toEqual(entry?.asOf);
  expect(Math.abs(Date.parse(entry?.asOf.at ?? '') - Date.parse(at))).toBeLessThan(60_000);
  expect(await redisKeys(stack.current, 'entry:')).toEqual([shared.key]);
  expect(tags.map(({ tag, state }) => [tag, state])).toEqual([
    ['everything', 'none'],
    ['user:3', 'none'],
  ]);
  expect(text).not.toMatch(/johndoe|isStaff|revision/);
  expect(text).toContain('\n  "answer": {\n');
});

test('an invalidation is shown with its tag and time, and whose entry it ends', async () => {
  await get(fresh, PATH);
  await sql(stack.current, "update users set first_name = first_name || 'x' where id = 3");
  await drainNow(newIsolate(stack.current));
  const here = await explain(fresh);
  expect(here.answer.tier).toBe('isolate');
  expect(here.answer.because[0]).toMatch(/though invalidated in Redis since, by user:3 at \d{4}-.*Z$/);
  expect(here.tags).toContainEqual(
    expect.objectContaining({ tag: 'user:3', state: 'current', invalidates: ['isolate', 'redis'] }),
  );
  const elsewhere = await explainAnew();
  expect(elsewhere).toMatchObject({ answer: { tier: 'postgres' }, redis: { state: 'invalidated' } });
  expect(elsewhere.answer.because[1]).toMatch(/^redis: the entry was invalidated, by user:3 at \d{4}-/);
});

test('a load under way is shown here as a flight, and elsewhere as a lease', async () => {
  const isolate = newIsolate(stack.current);
  const { fetch: realFetch } = globalThis;
  const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  vi.stubGlobal('fetch', async (input: string, init: RequestInit) => {
    if (input.endsWith('/sql')) {
      held.resolve();
      await released.promise;
    }
    return realFetch(input, init);
  });
  const reading = get(isolate, PATH);
  await held.promise;
  const [here, elsewhere] = [await explain(isolate), await explainAnew()];
  released.resolve();
  await reading;
  expect(here).toMatchObject({ answer: { tier: 'flight' }, flight: { state: 'joinable' } });
  expect(here.flight?.asOf).toEqual(here.redis.clock?.last);
  expect(elsewhere).toMatchObject({ answer: { tier: 'postgres' }, flight: null });
  expect(elsewhere.redis.lease?.msLeft).toBeGreaterThan(0);
  expect(elsewhere.answer.because.at(-1)).toContain('somebody else is loading');
});

describe('the demands of the request', () => {
  test.each([
    [{ 'Cache-Control': 'no-cache' }, 'postgres', 'refused-by-no-cache', 'refused-by-no-cache'],
    [{ 'Cache-Control': 'max-age=0' }, 'redis', 'refused-by-max-age', 'fresh'],
    [{ 'Cache-Control': 'max-age=60' }, 'isolate', 'usable', 'fresh'],
    [{ 'Consistency-Token': 'ffffffffffffffff:1' }, 'postgres', 'refused-by-token', 'refused-by-token'],
    [{ 'Consistency-Token': 'pg:9999999999999' }, 'postgres', 'refused-by-token', 'refused-by-token'],
  ])('%j are those of the read that is explained: %s', async (headers, tier, inMemory, inRedis) => {
    await get(fresh, PATH);
    expect(await explain(fresh, PATH, headers as Record<string, string>)).toMatchObject({
      answer: { tier },
      isolate: { state: inMemory },
      redis: { state: inRedis },
    });
  });

  test('are repeated in the answer', async () => {
    const token = 'ffffffffffffffff:1';
    const headers = { 'Cache-Control': 'no-cache, max-age=3', 'Consistency-Token': token };
    const { demands } = await explain(fresh, PATH, headers);
    expect(demands).toEqual({ noCache: true, maxAgeMs: 3_000, consistencyToken: token });
  });
});

describe('while Redis is away', () => {
  const withoutRedis = (): TestStack => ({
    ...stack.current,
    env: { ...stack.current.env, UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1' },
  });

  test('it is said, and that Postgres would answer or nobody', async () => {
    const { answer, redis: shared, tags } = await explain(withoutRedis());
    expect(answer).toMatchObject({ tier: 'postgres', ifPostgresFails: 'unavailable' });
    expect(answer.because).toContain('redis: does not answer');
    expect(shared).toMatchObject({ state: 'unavailable', key: null, entry: null, lease: null, clock: null });
    expect(tags).toEqual([]);
  });

  test('memory is explained as ever', async () => {
    const isolate = withoutRedis();
    await get(isolate, PATH);
    expect(await explain(isolate)).toMatchObject({
      answer: { tier: 'isolate' },
      isolate: { state: 'usable', entry: { asOf: null, tags: ['user:3'] } },
    });
  });

  test('the breaker is shown, and neither opened nor closed by asking', async () => {
    const isolate = newIsolate(stack.current);
    const breaker = async () => (await explain(isolate)).redis.breaker;
    await whileAway(stack.current, ['redis'], async () => {
      for (let times = 0; times < 4; times++) {
        expect(await breaker()).toMatchObject({ state: 'closed', failuresInARow: 0 });
      }
      for (const userId of [1, 2, 4]) await get(isolate, `/v1/users/${userId}`);
      expect(await breaker()).toMatchObject({ state: 'open', failuresInARow: 3 });
    });
    const { answer, redis: shared } = await explain(isolate);
    expect(shared).toMatchObject({ state: 'none', breaker: { state: 'open', failuresInARow: 3 } });
    expect(answer.because[1]).toMatch(/^redis: is not asked for another [\d.]+ s, for the breaker is open$/);
    expect(status(await get(isolate, PATH))).toContain('detail=breaker-open');
  });
});

test('with both stores away it is still 200', async () => {
  await whileAway(stack.current, ['redis', 'postgres'], async () => {
    expect(await explainAnew()).toMatchObject({
      answer: { tier: 'postgres', ifPostgresFails: 'unavailable' },
    });
  });
});

describe('an answer that there is no such thing', () => {
  test.each([
    ['a user', '/v1/users/999'],
    ['the admin of an account that has none', '/v1/accounts/2718-2818-2845/admin-user'],
    ['the users of no account', '/v1/accounts/0000-0000-0000/users'],
  ])('is told as one, of memory and of Redis: %s', async (_what, path) => {
    const isolate = newIsolate(stack.current);
    expect((await get(isolate, path)).status).toBe(404);
    const inMemory = Explanation.parse(await (await get(isolate, urlOf(path))).json());
    expect([inMemory.isolate.entry?.isAbsent, inMemory.redis.entry?.isAbsent]).toEqual([true, true]);
    expect(inMemory.answer.because[0]).toMatch(
      /^isolate: the answer in memory, that there is no such thing, is valid/,
    );
    const inRedis = await explainAnew(path);
    expect(inRedis.answer.because[1]).toMatch(
      /^redis: the entry, that there is no such thing, is valid and fresh/,
    );
  });

  test('and one of a thing that is there is not', async () => {
    const isolate = newIsolate(stack.current);
    await get(isolate, PATH);
    const explained = Explanation.parse(await (await get(isolate, urlOf(PATH))).json());
    expect([explained.isolate.entry?.isAbsent, explained.redis.entry?.isAbsent]).toEqual([false, false]);
    expect(explained.answer.because.join()).not.toContain('no such thing');
  });
});

describe('the account number of a URL', () => {
  const NUMBER = '1234-5678-9012';
  const ask = (url: string, env: Partial<Env> = {}) =>
    get(
      newIsolate({ ...stack.current, env: { ...stack.current.env, ...env } }),
      urlOf(`/v1/account-number?url=${encodeURIComponent(url)}`),
    );

  test.each([
    [
      `https://hr.${NUMBER}.api.example.com/`,
      'found',
      `the label ${NUMBER} of the host is the account number`,
    ],
    ['x', 'no_http_url', 'it is no http or https URL whose host can be read'],
    ['http://127.0.0.1/', 'ip_address', 'the host 127.0.0.1 is an IP address, which has no labels'],
    [
      'http://example.com/',
      'no_account_label',
      'the host example.com has no label that is an account number',
    ],
  ])('%s is explained: %s', async (url, reason, because) => {
    const response = await ask(url);
    expect(response.status).toBe(200);
    const accountNumber = reason === 'found' ? NUMBER : null;
    const explained = ExplainedUrl.parse(await response.json());
    expect(explained).toMatchObject({ reason, accountNumber, answer: { tier: null, because: [because] } });
    const read = await get(stack.current, `/v1/account-number?url=${encodeURIComponent(url)}`);
    expect(await read.json()).toEqual({ accountNumber });
  });

  test('is held against the suffixes of this deployment', async () => {
    const response = await ask(`http://${NUMBER}.example.com/`, { ACCOUNT_HOST_SUFFIXES: 'api.example.com' });
    expect(await response.json()).toMatchObject({
      reason: 'outside_suffixes',
      labels: [NUMBER, 'example', 'com'],
    });
  });

  test('costs no request', async () => {
    const counts = await countRequests(stack.current, () => ask(`http://${NUMBER}.x/`));
    expect(counts).toEqual({ redis: 0, postgres: 0 });
  });
});

describe('a path that has no look-up', () => {
  test.each([
    ['/v1/context', 'the host 127.0.0.1 names no account, so nothing is looked up'],
    ['http://example.com/v1/context', 'the host example.com names no account, so nothing is looked up'],
    ['/healthz', '/healthz is answered without a cache'],
    ['/v1/account-number', 'url is required'],
    [urlOf(PATH), '/v1/explain is answered without a cache'],
    ['/', 'there is no such path; see /docs'],
    ['/v1/users', '/v1/users is answered without a cache'],
    ['/v1/user', 'there is no such path; see /docs'],
    ['//127.0.0.1:8787/v1/users/3', 'there is no such path; see /docs'],
    ['/v1/users/x', 'userId must be a positive whole number below 2^53'],
    ['/v1/accounts/1234-5678-9012/users?limit=0', 'limit must be at least 1'],
    ['/v1/users/3?a=1&a=2', 'a is given more than once'],
    ['/v1/users/by-username/%ZZ', 'has broken percent-encoding'],
    ['v1/users/3', 'must be a path that begins with / or an http or https URL'],
    ['ftp://127.0.0.1/v1/users/3', 'must be a path that begins with / or an http or https URL'],
    ['http://', 'must be a path that begins with / or an http or https URL'],
  ])('%s is 400: %s', async (path, detail) => {
    const { errors } = await expectProblem(await get(stack.current, urlOf(path)), 'bad_request');
    expect(errors).toEqual([{ in: 'query', name: 'path', detail }]);
  });

  test('and several faults is 400 with each', async () => {
    const path = '/v1/accounts/x/users?limit=0&cursor=x';
    const { errors } = await expectProblem(await get(stack.current, urlOf(path)), 'bad_request');
    expect(errors?.map(({ detail }) => detail.split(' ')[0])).toEqual(['accountNumber', 'limit', 'cursor']);
  });

  test('but a key in its query is 400, and not repeated', async () => {
    const response = await get(stack.current, urlOf(`${PATH}?token=ea_secret`));
    expect(JSON.stringify(await expectProblem(response, 'bad_request'))).not.toContain('ea_secret');
  });

  test('for there is none at all, is 400', async () => {
    const { errors } = await expectProblem(await get(stack.current, '/v1/explain'), 'bad_request');
    expect(errors).toEqual([{ in: 'query', name: 'path', detail: 'is required' }]);
  });
});

test.each([
  ['a path as a request spells it', '/v1/user%73/3', 'user:3'],
  ['an encoded slash in a username', '/v1/users/by-username/a%2Fb', 'username:a/b'],
  ['a percent sign in a username', '/v1/users/by-username/100%25', 'username:100%'],
  ['a static path before a parametric one', '/v1/accounts/default', 'default-account'],
  ['a page', '/v1/accounts/1234-5678-9012/users?limit=20', 'users-of:1234-5678-9012:0+20'],
  ['a URL with user info and a fragment', 'http://a:b@x.example/v1/users/3#top', 'user:3'],
  ['a URL of this API', 'https://api.example.com/v1/users/3', 'user:3'],
  ['the context of another host', 'https://hr.2718-2818-2845.x/v1/context', 'account:2718-2818-2845'],
])('%s is understood: %s', async (_what, path, key) => {
  expect((await explainAnew(path)).key).toBe(key);
});

describe('whatever the path', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }).filter((raw) => raw.isWellFormed()),
    fc.constantFrom(...Object.values(goodValues)),
  );
  const values = fc.record(Object.fromEntries(Object.keys(goodValues).map((name) => [name, text])));
  const route = fc.constantFrom(...CACHED);
  const encoded = fc.tuple(route, values).map(([ofRoute, parts]) => pathOf(ofRoute, parts));
  const raw = fc
    .string({ unit: fc.constantFrom(...'%/?&=#.;:@+\\ aAz09-_~ZÿÄ€'), maxLength: 30 })
    .map((rest) => `/v1/users/${rest}`);

  test('it is explained if and only if a read of it is looked up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(encoded, raw), async (path) => {
        const response = await get(stack.current, path);
        const { code }: { code?: string } = await response.json();
        const isLookedUp = response.headers.has('Cache-Status') && code !== 'bad_request';
        const explained = await get(stack.current, urlOf(path));
        expect([path, explained.status]).toEqual([path, isLookedUp && !isBypass(response) ? 200 : 400]);
      }),
      { numRuns: scaled(100, 5_000), seed },
    );
  });
});

/** Whether the answer was made without a look-up. */
function isBypass(response: Response): boolean {
  return status(response) === 'isolate; fwd=bypass';
}

test('the context of the request’s own host needs no URL', async () => {
  const url = `http://hr.1234-5678-9012.api.localhost:8787${urlOf('/v1/context')}`;
  const response = await get(stack.current, url);
  expect(await response.json()).toMatchObject({ key: 'account:1234-5678-9012' });
});

test('without a key it is 401', async () => {
  await expectProblem(await send(stack.current, urlOf(PATH)), 'unauthorized');
});

test('nobody may keep an explanation', async () => {
  const { headers } = await get(stack.current, urlOf(PATH));
  expect(headers.get('Cache-Control')).toBe('no-store');
  expect(headers.get('Cache-Status')).toBeNull();
});

test('an explanation in HEAD is one without a body', async () => {
  const response = await get(stack.current, urlOf(PATH), {}, 'HEAD');
  expect([response.status, await response.text()]).toEqual([200, '']);
});
