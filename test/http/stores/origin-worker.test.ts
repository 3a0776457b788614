import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { issueKey, withKey } from '../../support/http/issued-keys.ts';
import { postLookUps, resultsOf } from '../../support/http/look-up-requests.ts';
import { newPlacedIsolate, outOfReach, type PlacedStack } from '../../support/http/origin-worker.ts';
import { change } from '../../support/http/changes.ts';
import { lookUps } from '../../support/http/seed.ts';
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
  useSeedForEach,
  useStack,
} from '../../support/stack.ts';

const stack = useStack();
useSeedForEach(stack);
const FILL = 1;
const NAME_OF_USER = { method: 'PATCH', path: '/v1/users/3' } as const;

beforeAll(async () => {
  await get(stack.current, '/v1/users/1');
  await drainNow(stack.current);
});
beforeEach(() => emptyRedis(stack.current));

/** An isolate that cannot reach the stores itself. */
const placedIsolate = (overrides: Partial<Env> = {}) =>
  newPlacedIsolate(stack.current, { ...outOfReach(stack.current), ...overrides });

const status = (response: Response) => response.headers.get('Cache-Status');

async function rename(isolate: typeof stack.current, firstName: string): Promise<string> {
  const response = await change(
    isolate,
    NAME_OF_USER.method,
    NAME_OF_USER.path,
    { firstName },
    { 'If-Match': '*' },
  );
  expect(response.status).toBe(200);
  return response.headers.get('Consistency-Token') ?? '';
}

async function firstNameOf(isolate: typeof stack.current, headers = {}): Promise<unknown> {
  const response = await get(isolate, '/v1/users/3', headers);
  return (await response.json<{ firstName: string }>()).firstName;
}

const paths = [
  ...lookUps,
  { path: '/v1/users/999', expected: expect.objectContaining({ status: 404 }) as unknown },
  { path: '/v1/users/5/account', expected: expect.objectContaining({ status: 404 }) as unknown },
];

describe.each(paths)('$path', ({ path, expected }) => {
  test('costs one call when nobody knows, one when Redis does, and none when memory does', async () => {
    const [first, second] = [placedIsolate(), placedIsolate()];
    const read = async (isolate: PlacedStack) =>
      expect(await (await get(isolate, path)).json()).toEqual(expected);
    expect(await countRequests(first, () => read(first))).toEqual({ redis: 1 + FILL, postgres: 1 });
    expect(await countRequests(second, () => read(second))).toEqual({ redis: 1, postgres: 0 });
    expect(await countRequests(second, () => read(second))).toEqual({ redis: 0, postgres: 0 });
    expect([first.calls.length, second.calls.length]).toEqual([1, 1]);
  });
});

test('the answer says what the stores did there, and how long the call took', async () => {
  const timing = (response: Response) => response.headers.get('Server-Timing');
  const cold = await get(placedIsolate(), '/v1/users/3');
  expect(status(cold)).toBe('redis; fwd=miss; stored, isolate; fwd=miss; stored');
  expect(timing(cold)).toMatch(/origin-worker;dur=\d+, redis;dur=\d+, postgres;dur=\d+/);
  const shared = await get(placedIsolate(), '/v1/users/3');
  expect(status(shared)).toMatch(/^redis; hit; ttl=\d+, isolate; fwd=miss; stored$/);
  expect(timing(shared)).toMatch(/origin-worker;dur=\d+, redis;dur=\d+$/);
});

test('fifty look-ups are one call, which asks each store once', async () => {
  const isolate = placedIsolate();
  const asked = Array.from({ length: 50 }, (_, n) => ({ lookUp: 'user', userId: n + 1 }));
  const counts = await countRequests(isolate, async () => {
    const results = await resultsOf(await postLookUps(isolate, asked));
    expect(results.slice(0, 7).map((result) => result.status)).toEqual(Array.from({ length: 7 }, () => 200));
  });
  expect(counts).toEqual({ redis: 1 + FILL, postgres: 1 });
  expect(isolate.calls.map(({ questions }) => questions.length)).toEqual([50]);
});

test('simultaneous reads of a cold key in four isolates load it four times at most, and call once each', async () => {
  const isolates = Array.from({ length: 4 }, () => placedIsolate());
  const counts = await countRequests(stack.current, async () => {
    const reads = isolates.flatMap((isolate) =>
      Array.from({ length: 250 }, () => get(isolate, '/v1/users/3')),
    );
    expect(new Set((await Promise.all(reads)).map((response) => response.status))).toEqual(new Set([200]));
  });
  expect(counts.postgres).toBeLessThanOrEqual(4);
  expect(isolates.map(({ calls }) => calls.length)).toEqual([1, 1, 1, 1]);
});

describe('demands', () => {
  test('a token of a write elsewhere is met', async () => {
    const isolate = placedIsolate();
    await get(isolate, '/v1/users/3');
    const token = await rename(newIsolate(stack.current), 'Token');
    expect(await firstNameOf(isolate, { 'Consistency-Token': token })).toBe('Token');
  });

  test('the token of an invalidation that failed is met by a load', async () => {
    await get(newIsolate(stack.current), '/v1/users/3');
    await sql(stack.current, `update users set first_name = 'Unshared' where id = 3`);
    const isolate = placedIsolate();
    const headers = { 'Consistency-Token': `pg:${Date.now()}` };
    const counts = await countRequests(isolate, async () =>
      expect(await firstNameOf(isolate, headers)).toBe('Unshared'),
    );
    expect(counts.postgres).toBe(1);
    await drainNow(stack.current);
  });

  test('no-cache loads', async () => {
    await get(newIsolate(stack.current), '/v1/users/3');
    await sql(stack.current, `update users set first_name = 'Loaded' where id = 3`);
    expect(await firstNameOf(placedIsolate())).not.toBe('Loaded');
    const isolate = placedIsolate();
    expect(await firstNameOf(isolate, { 'Cache-Control': 'no-cache' })).toBe('Loaded');
    await drainNow(stack.current);
  });
});

test('each call brings the news of the log, which end what memory holds', async () => {
  const isolate = placedIsolate();
  await get(isolate, '/v1/users/3');
  await get(isolate, '/v1/users/4');
  await rename(newIsolate(stack.current), 'News');
  expect(status(await get(isolate, '/v1/users/3'))).toMatch(/^isolate; hit/);
  await get(isolate, '/v1/users/5');
  expect(await firstNameOf(isolate)).toBe('News');
  expect(status(await get(isolate, '/v1/users/4'))).toMatch(/^isolate; hit/);
});

describe('a caller that is bound to an account', () => {
  const ACCOUNT = '1234-5678-9012';
  const bound = async () => withKey(await issueKey(stack.current, { accountNumber: ACCOUNT }));
  const boundsIn = ({ calls }: PlacedStack) => calls.map(({ bounds }) => bounds);

  test('is named to the origin Worker, and sees its own', async () => {
    const isolate = placedIsolate();
    const headers = await bound();
    const response = await send(isolate, '/v1/users/3', { headers });
    expect(response.status).toBe(200);
    const named = { accountNumber: ACCOUNT, scopes: ['directory:read'] };
    expect(boundsIn(isolate)).toEqual([null, named, named]);
    expect(isolate.calls.map(({ questions }) => questions.map(({ name }) => name))).toEqual([
      ['key'],
      ['memberOfAccount'],
      ['user'],
    ]);
  });

  test('sees nothing of others', async () => {
    const isolate = placedIsolate();
    const headers = await bound();
    for (const path of [
      '/v1/users/1',
      '/v1/accounts/3141-5926-5359',
      '/v1/accounts/default',
      '/v1/users/1/account',
    ])
      expect([path, (await send(isolate, path, { headers })).status]).toEqual([path, 404]);
  });
});

test('an entry about rights that is not authentic is refused beside the stores, and loaded', async () => {
  const key = await issueKey(stack.current);
  await send(newIsolate(stack.current), '/v1/users/3', { headers: withKey(key) });
  const entries = await redisKeys(stack.current, 'entry:');
  const name = entries.find((entry) => entry.endsWith(`:key:${key.id}`)) ?? '';
  const payload = String(await redis(stack.current, 'HGET', name, 'payload'));
  await redis(stack.current, 'HSET', name, 'payload', payload.replace('directory:read', 'directory:write'));
  const isolate = placedIsolate();
  const response = await change(
    isolate,
    'PATCH',
    '/v1/users/3',
    { firstName: 'Forged' },
    {
      ...withKey(key),
      'If-Match': '*',
    },
  );
  expect(response.status).toBe(403);
});

test('the explanation names it between memory and the stores, and its breaker', async () => {
  const isolate = newPlacedIsolate(stack.current);
  const explain = async (on: typeof stack.current) => (await get(on, '/v1/explain?path=/v1/users/3')).json();
  expect(await explain(isolate)).toMatchObject({
    answer: {
      tier: 'postgres',
      because: [
        expect.stringMatching(/^isolate: /),
        'origin-worker: is asked in place of the stores, and asks them beside them',
        expect.stringMatching(/^redis: /),
        expect.stringMatching(/^postgres: loads the answer/),
      ],
    },
    originWorker: { breaker: { state: 'closed', failuresInARow: 0 } },
  });
  expect(isolate.calls).toEqual([]);
  expect(await explain(newIsolate(stack.current))).toMatchObject({ originWorker: null });
});

test('what the isolate counts travels with its calls, and counts once', async () => {
  const isolate = placedIsolate();
  for (const id of [3, 4]) await get(isolate, `/v1/users/${id}`);
  const { minutes } = await (
    await get(newIsolate(stack.current), '/v1/stats?minutes=2')
  ).json<{ minutes: { reads: { redis: number; postgres: number } }[] }>();
  // The second call took the first read along. Its own read has not been told yet.
  const sum = (tier: 'redis' | 'postgres') => minutes.reduce((all, { reads }) => all + reads[tier], 0);
  expect([sum('redis'), sum('postgres')]).toEqual([0, 1]);
});
