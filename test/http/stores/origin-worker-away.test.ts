import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { change } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { postLookUps, resultsOf } from '../../support/http/look-up-requests.ts';
import {
  askOriginWorker,
  newPlacedIsolate,
  outOfReach,
  type PlacedStack,
} from '../../support/http/origin-worker.ts';
import {
  ageEntries,
  countRequests,
  drainNow,
  emptyRedis,
  get,
  newIsolate,
  useStack,
  whileAway,
} from '../../support/stack.ts';

const stack = useStack({ BREAKER_COOLDOWN_MS: '60000' });
const FILL = 1;
const PATH = '/v1/users/3';
const USER = expect.objectContaining({ username: 'johndoe' }) as unknown;

beforeAll(async () => {
  await get(stack.current, '/v1/users/1');
  await drainNow(stack.current);
});
beforeEach(() => emptyRedis(stack.current));

const timing = (response: Response) => response.headers.get('Server-Timing');
const status = (response: Response) => response.headers.get('Cache-Status');
const json = (body: unknown) => async () => Response.json(body);
const found = { status: 'found', tags: ['user:3'], asOf: '', validAtN: 0, freshMs: 1_000, bytes: 9 };
const whole = { ...found, isLoaded: true, staleMsLeft: null, tiers: {} };

const failures: [string, PlacedStack['instead'], string][] = [
  ['answers 500', async () => new Response('x', { status: 500 }), 'unavailable'],
  ['resets the connection', () => Promise.reject(new TypeError('Network connection lost.')), 'unavailable'],
  ['answers no JSON', async () => new Response('<html>'), 'unavailable'],
  ['answers null', json(null), 'unavailable'],
  ['answers no question', json({ news: null, isCounted: false, answers: [] }), 'unavailable'],
  [
    'answers another question',
    json({ news: null, isCounted: false, answers: [{ ...whole, value: { id: 'x' } }] }),
    'unavailable',
  ],
  [
    'names no tags',
    json({ news: null, isCounted: false, answers: [{ ...whole, tags: ['x'], value: null }] }),
    'unavailable',
  ],
  [
    'answers an unknown status',
    json({ news: null, isCounted: false, answers: [{ status: 'maybe', tiers: {} }] }),
    'unavailable',
  ],
];

test.each(failures)(
  'an origin Worker that %s is passed by: the stores answer',
  async (_, instead, detail) => {
    const isolate = newPlacedIsolate(stack.current);
    isolate.instead = instead;
    const counts = await countRequests(isolate, async () => {
      const response = await get(isolate, PATH);
      expect(await response.json()).toEqual(USER);
      expect(timing(response)).toMatch(new RegExp(`origin-worker;dur=\\d+;desc=${detail}, redis;dur`));
    });
    expect(counts).toEqual({ redis: 1 + FILL, postgres: 1 });
    expect(isolate.calls).toHaveLength(1);
  },
);

test('an origin Worker that hangs is passed by after its deadline', async () => {
  const isolate = newPlacedIsolate(stack.current, { ORIGIN_DEADLINE_MS: '100' });
  isolate.instead = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
  const response = await get(isolate, PATH);
  expect(await response.json()).toEqual(USER);
  expect(timing(response)).toMatch(/origin-worker;dur=\d+;desc=(timeout|unavailable)/);
});

test.each<[string, Readonly<Record<string, string>>]>([
  ['another database', { DATABASE_ID: 'another' }],
  ['another configuration', { PLATFORM_ADMIN_USERNAME: 'somebody' }],
  ['another secret', { ENTRY_SECRET: 'a-secret-of-another-deployment-x' }],
])('an origin Worker that serves %s is passed by', async (_, vars) => {
  const isolate = newPlacedIsolate(stack.current, {}, vars);
  const response = await get(isolate, PATH);
  expect(await response.json()).toEqual(USER);
  expect(timing(response)).toMatch(/origin-worker;dur=\d+;desc=unavailable/);
  expect(await countRequests(isolate, () => get(newIsolate(isolate), PATH))).toEqual({
    redis: 1,
    postgres: 0,
  });
});

test('a look-up that the origin Worker does not know is asked of the stores, and is no failure', async () => {
  const isolate = newPlacedIsolate(stack.current);
  isolate.instead = json({ news: null, isCounted: false, answers: [{ status: 'unknown', tiers: {} }] });
  for (let id = 1; id <= 7; id++) expect((await get(isolate, `/v1/users/${id}`)).status).toBe(200);
  expect(isolate.calls).toHaveLength(7);
});

test('after five failures in a row it is asked no more, until a probe behind an answer finds it back', async () => {
  const isolate = newPlacedIsolate(stack.current, { BREAKER_COOLDOWN_MS: '500' });
  isolate.instead = async () => new Response(null, { status: 500 });
  for (let id = 1; id <= 5; id++) await get(isolate, `/v1/users/${id}`);
  const open = await get(isolate, '/v1/users/6');
  expect(timing(open)).toContain('origin-worker;dur=0;desc=breaker-open');
  isolate.instead = null;
  const again = () => get(isolate, '/v1/users/6', { 'Cache-Control': 'max-age=0' });
  await expect.poll(async () => timing(await again()), { interval: 20 }).toMatch(/origin-worker;dur=\d+, /);
  expect(isolate.calls.some(({ questions }) => questions.length === 0)).toBe(true);
});

test('a batch that fails counts as one failure', async () => {
  const isolate = newPlacedIsolate(stack.current);
  isolate.instead = async () => new Response(null, { status: 500 });
  const asked = [1, 2, 3, 4, 5, 6].map((userId) => ({ lookUp: 'user', userId }));
  const results = await resultsOf(await postLookUps(isolate, asked));
  expect(new Set(results.map((result) => result.status))).toEqual(new Set([200]));
  isolate.instead = null;
  expect(timing(await get(isolate, '/v1/users/7'))).toMatch(/origin-worker;dur=\d+, redis/);
});

describe('the stores behind it', () => {
  const placedIsolate = () => newPlacedIsolate(stack.current, outOfReach(stack.current));

  test('both away: 503 that says when, never 404, and the isolate does not ask them once more', async () => {
    const isolate = newPlacedIsolate(stack.current);
    for (const path of [PATH, '/v1/users/999'])
      await whileAway(stack.current, ['postgres', 'redis'], async () => {
        const response = await get(isolate, path);
        await expectProblem(response, 'unavailable');
        expect(response.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/);
      });
    expect(isolate.calls).toHaveLength(2);
  });

  test('Redis away: Postgres answers', async () => {
    await whileAway(stack.current, ['redis'], async () => {
      const response = await get(placedIsolate(), PATH);
      expect(await response.json()).toEqual(USER);
      expect(status(response)).toBe('redis; fwd=miss; detail=unavailable, isolate; fwd=miss; stored');
    });
  });

  test('Postgres away: an entry past its fresh life answers, stays out of memory, and says so', async () => {
    await get(newIsolate(stack.current), PATH);
    await ageEntries(stack.current);
    const isolate = placedIsolate();
    await whileAway(stack.current, ['postgres'], async () => {
      for (let n = 0; n < 2; n++) {
        const response = await get(isolate, PATH);
        expect(await response.json()).toEqual(USER);
        expect(status(response)).toMatch(/^redis; hit; ttl=-\d+; detail=stale-if-error, isolate; fwd=miss$/);
      }
    });
    expect(isolate.calls).toHaveLength(2);
  });
});

describe('a stranger', () => {
  const call = JSON.stringify({
    protocol: 1,
    databaseId: '',
    variant: '',
    cursor: '',
    newest: '',
    counts: '',
    bounds: { accountNumber: null, scopes: ['directory:read'] },
    questions: [{ name: 'user', input: { userId: 3 }, reload: false, token: '' }],
  });

  test.each<[string, RequestInit]>([
    ['asks without a signature', { method: 'POST', body: call }],
    ['signs with something', { method: 'POST', body: call, headers: { Authorization: 'AAAA' } }],
    ['sends nothing', {}],
  ])('who %s gets 403 and nothing else', async (_, init) => {
    const counts = await countRequests(stack.current, async () => {
      const response = await askOriginWorker(stack.current.env, new Request('https://x/', init));
      expect([response.status, await response.text()]).toEqual([403, '']);
    });
    expect(counts).toEqual({ redis: 0, postgres: 0 });
  });

  test('learns nothing of a wrong setting', async () => {
    const env = { ...stack.current.env, ENVIRONMENT: 'WRONG' };
    const response = await askOriginWorker(env, new Request('https://x/'));
    expect([response.status, await response.text()]).toEqual([500, '']);
  });
});

test('a batch that cannot reach Redis is one failure for the breaker of the origin Worker', async () => {
  const isolate = newPlacedIsolate(stack.current, outOfReach(stack.current));
  const asked = [1, 2, 3, 4, 5, 6].map((userId) => ({ lookUp: 'user', userId }));
  await whileAway(stack.current, ['redis'], async () => {
    const seen: (string | null)[] = [];
    for (let time = 1; time <= 6; time++)
      seen.push(status(await postLookUps(isolate, asked, { 'Cache-Control': 'max-age=0' })));
    expect(seen.map((text) => /detail=([\w-]+)/.exec(text ?? '')?.[1])).toEqual([
      ...Array.from({ length: 5 }, () => 'unavailable'),
      'breaker-open',
    ]);
  });
  expect(isolate.calls).toHaveLength(6);
});

test('a read with a token does not wait for a call under way that demanded none', async () => {
  const isolate = newPlacedIsolate(stack.current);
  const renamed = await change(
    newIsolate(stack.current),
    'PATCH',
    PATH,
    { lastName: 'Doe' },
    { 'If-Match': '*' },
  );
  const token = renamed.headers.get('Consistency-Token') ?? '';
  const held = Promise.withResolvers<Response>();
  isolate.instead = () => held.promise;
  const slow = get(isolate, PATH);
  await expect.poll(() => isolate.calls.length).toBe(1);
  isolate.instead = null;
  expect(await (await get(isolate, PATH, { 'Consistency-Token': token })).json()).toEqual(USER);
  held.resolve(new Response(null, { status: 500 }));
  expect(await (await slow).json()).toEqual(USER);
});
