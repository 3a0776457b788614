import { afterEach, expect, test, vi } from 'vitest';
import {
  countRequests,
  drainNow,
  get,
  newIsolate,
  sql,
  type TestStack,
  useSeedForEach,
  useStack,
  whileAway,
} from '../../support/stack.ts';
import { lookUps } from '../../support/http/seed.ts';

const COOL_DOWN_MS = 60_000;
const stack = useStack({ BREAKER_FAILURES: '3', BREAKER_COOLDOWN_MS: `${COOL_DOWN_MS}` });
useSeedForEach(stack);

afterEach(() => void vi.useRealTimers());

/** An isolate whose Redis is a port where nobody listens. */
function withoutRedis(overrides: Partial<Env> = {}): TestStack {
  return {
    ...stack.current,
    env: { ...stack.current.env, UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1', ...overrides },
  };
}

const status = (response: Response) => response.headers.get('Cache-Status');

test.each(lookUps)('$path is still answered, by Postgres', async ({ path, expected }) => {
  const response = await get(withoutRedis(), path);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(expected);
  expect(status(response)).toBe('redis; fwd=miss; detail=unavailable, isolate; fwd=miss; stored');
});

test('what is absent is still 404', async () => {
  expect((await get(withoutRedis(), '/v1/users/999')).status).toBe(404);
});

test('memory works as ever', async () => {
  const isolate = withoutRedis();
  await get(isolate, '/v1/users/3');
  expect(status(await get(isolate, '/v1/users/3'))).toMatch(/^isolate; hit; ttl=\d+$/);
});

test('after three failures in a row Redis is not asked any more', async () => {
  const isolate = withoutRedis();
  const seen = [];
  for (const userId of [1, 2, 3, 4]) seen.push(status(await get(isolate, `/v1/users/${userId}`)));
  expect(seen).toEqual([
    ...Array.from({ length: 3 }, () => 'redis; fwd=miss; detail=unavailable, isolate; fwd=miss; stored'),
    'redis; fwd=bypass; detail=breaker-open, isolate; fwd=miss; stored',
  ]);
});

test('an open breaker costs no request, and a read from Postgres one', async () => {
  const isolate = newIsolate(stack.current);
  await whileAway(stack.current, ['redis'], async () => {
    for (const userId of [1, 2, 3])
      await get(isolate, `/v1/users/${userId}`, { 'Cache-Control': 'no-cache' });
  });
  const counts = await countRequests(stack.current, () => get(isolate, '/v1/users/4'));
  expect(counts).toEqual({ redis: 0, postgres: 1 });
});

test('past the cool-down one probe behind an answer closes the breaker', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  const isolate = newIsolate(stack.current);
  const reload = (userId: number) => get(isolate, `/v1/users/${userId}`, { 'Cache-Control': 'no-cache' });
  await whileAway(stack.current, ['redis'], async () => {
    for (const userId of [1, 2, 3]) await reload(userId);
  });
  vi.advanceTimersByTime(COOL_DOWN_MS - 1);
  expect(status(await reload(4))).toMatch(/^redis; fwd=request; detail=breaker-open/);
  vi.advanceTimersByTime(1);
  expect(status(await reload(4))).toMatch(/^redis; fwd=request; detail=breaker-open/);
  expect(status(await reload(4))).toBe('redis; fwd=request; stored, isolate; fwd=request; stored');
});

test('a wrong token of Redis is an outage like any other', async () => {
  const response = await get(
    withoutRedis({ ...stack.current.env, UPSTASH_REDIS_REST_TOKEN: 'wrong' }),
    '/v1/users/3',
  );
  expect(response.status).toBe(200);
  expect(status(response)).toBe('redis; fwd=miss; detail=unavailable, isolate; fwd=miss; stored');
});

test('a write succeeds, and its token makes other isolates see it', async () => {
  const reader = newIsolate(stack.current);
  await get(reader, '/v1/accounts/2718-2818-2845/users');
  const created = await get(withoutRedis(), '/v1/accounts/2718-2818-2845/admin-user', {}, 'PUT');
  const token = created.headers.get('Consistency-Token') ?? '';
  expect(created.status).toBe(201);
  expect(token).toMatch(/^pg:\d{13}$/);
  const response = await get(reader, '/v1/accounts/2718-2818-2845/users', { 'Consistency-Token': token });
  expect(await response.json()).toMatchObject({ items: [{ username: '2718-2818-2845-admin' }] });
});

test('a drain that cannot tell Redis keeps its rows for the next', async () => {
  await sql(stack.current, "update users set first_name = 'kept' where id = 3");
  const rows = 'select id from cache_invalidations where invalidated_at is null';
  const before = await sql(stack.current, rows);
  await drainNow(withoutRedis());
  expect(before).not.toEqual([]);
  expect(await sql(stack.current, rows)).toEqual(before);
});

test('the Worker is ready, and says what is missing', async () => {
  const response = await get(withoutRedis(), '/readyz');
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    status: 'degraded',
    redis: { state: 'failed' },
    postgres: { state: 'ok' },
  });
});
