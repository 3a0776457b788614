import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  emptyRedis,
  get,
  newIsolate,
  redis,
  redisKeys,
  sql,
  type TestStack,
  useStack,
} from '../../support/stack.ts';

const stack = useStack({ MEMORY_TTL_MS: '5000' });
const PATH = '/v1/users/3';
const FRESH_S = 300;

async function status(
  on: TestStack,
  headers: Record<string, string> = {},
  path = PATH,
): Promise<string | null> {
  return (await get(on, path, headers)).headers.get('Cache-Status');
}

// The clock of Redis is its own: up to a second of the entry's life may have passed.
const redisTtl = (seconds: number) => `(?:${[0, 1, 2].map((passed) => seconds - passed).join('|')})`;
const redisHit = (rest: string) => new RegExp(`^redis; hit; ttl=${redisTtl(FRESH_S)}, ${rest}$`);

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  await emptyRedis(stack.current);
});
afterEach(() => void vi.useRealTimers());

test('a first read is stored in Redis and memory, and then a hit there', async () => {
  const isolate = newIsolate(stack.current);
  expect(await status(isolate)).toBe('redis; fwd=miss; stored, isolate; fwd=miss; stored');
  expect(await status(isolate)).toBe('isolate; hit; ttl=5');
  expect(await status(newIsolate(stack.current))).toMatch(redisHit('isolate; fwd=miss; stored'));
});

test('memory counts down what is left of its validation, which a hit past half of it renews behind its answer', async () => {
  const isolate = newIsolate(stack.current);
  await status(isolate);
  vi.advanceTimersByTime(2_499);
  expect(await status(isolate)).toBe('isolate; hit; ttl=2');
  vi.advanceTimersByTime(1);
  expect(await status(isolate)).toBe('isolate; hit; ttl=2');
  vi.advanceTimersByTime(2_500);
  expect(await status(isolate)).toBe('isolate; hit; ttl=2');
  vi.advanceTimersByTime(5_000);
  expect(await status(isolate)).toMatch(/^redis; hit; ttl=29\d, isolate; fwd=miss; stored$/);
});

test('without a life beyond the bound memory counts its lifetime down, and then asks Redis', async () => {
  const isolate = newIsolate(stack.current, { MEMORY_LIFE_MS: '0' });
  await status(isolate);
  vi.advanceTimersByTime(2_000);
  expect(await status(isolate)).toBe('isolate; hit; ttl=3');
  vi.advanceTimersByTime(2_999);
  expect(await status(isolate)).toBe('isolate; hit; ttl=0');
  vi.advanceTimersByTime(1);
  expect(await status(isolate)).toMatch(redisHit('isolate; fwd=miss; stored'));
});

test('an absent answer is stored and a hit like any other, for 30 s', async () => {
  const isolate = newIsolate(stack.current);
  const path = '/v1/users/999';
  expect(await status(isolate, {}, path)).toBe('redis; fwd=miss; stored, isolate; fwd=miss; stored');
  expect(await status(isolate, {}, path)).toBe('isolate; hit; ttl=5');
  const shared = await status(newIsolate(stack.current), {}, path);
  expect(shared).toMatch(new RegExp(`^redis; hit; ttl=${redisTtl(30)}, isolate; fwd=miss; stored$`));
});

test('no-cache asks Postgres and stores the answer anew', async () => {
  const isolate = newIsolate(stack.current);
  await status(isolate);
  const fresh = await status(isolate, { 'Cache-Control': 'no-cache' });
  expect(fresh).toBe('redis; fwd=request; stored, isolate; fwd=request; stored');
  expect(await status(isolate)).toBe('isolate; hit; ttl=5');
});

test('max-age=0 skips memory alone', async () => {
  const isolate = newIsolate(stack.current);
  await status(isolate);
  expect(await status(isolate, { 'Cache-Control': 'max-age=0' })).toMatch(
    redisHit('isolate; fwd=request; stored'),
  );
});

test('memory that holds nothing is a miss, whatever the request demands', async () => {
  const demanding = { 'Cache-Control': 'max-age=0' };
  expect(await status(newIsolate(stack.current), demanding)).toBe(
    'redis; fwd=miss; stored, isolate; fwd=miss; stored',
  );
});

test('max-age=N takes from memory what was read N seconds ago, and no older', async () => {
  const isolate = newIsolate(stack.current);
  await status(isolate);
  vi.advanceTimersByTime(3_000);
  expect(await status(isolate, { 'Cache-Control': 'max-age=3' })).toBe('isolate; hit; ttl=2');
  expect(await status(isolate, { 'Cache-Control': 'max-age=2' })).toMatch(
    redisHit('isolate; fwd=request; stored'),
  );
});

test.each(['No-Cache', 'max-age=9, NO-CACHE', ' no-cache ,private', 'no-cache, max-age=0'])(
  'Cache-Control: %s is no-cache',
  async (value) => {
    const isolate = newIsolate(stack.current);
    await status(isolate);
    expect(await status(isolate, { 'Cache-Control': value })).toMatch(/^redis; fwd=request; stored/);
  },
);

test.each(['', 'private', 'max-stale=9', 'no-cache-please', 'Max-Age="5"'])(
  'Cache-Control: %s asks for nothing',
  async (value) => {
    const isolate = newIsolate(stack.current);
    await status(isolate);
    expect(await status(isolate, { 'Cache-Control': value })).toBe('isolate; hit; ttl=5');
  },
);

test('a read that waits for the load of another is collapsed', async () => {
  const isolate = newIsolate(stack.current);
  const all = await Promise.all(Array.from({ length: 5 }, () => status(isolate)));
  expect(all.filter((one) => one === 'isolate; fwd=miss; collapsed')).toHaveLength(4);
  expect(all).toContain('redis; fwd=miss; stored, isolate; fwd=miss; stored');
});

describe('in Redis', () => {
  test('an entry past its fresh life is loaded anew', async () => {
    await status(newIsolate(stack.current));
    await ageEntries(stack.current, FRESH_S);
    await sql(stack.current, "update users set first_name = 'Fresh' where id = 3");
    const response = await get(newIsolate(stack.current), PATH);
    expect(response.headers.get('Cache-Status')).toBe('redis; fwd=miss; stored, isolate; fwd=miss; stored');
    expect(await response.json()).toMatchObject({ firstName: 'Fresh' });
  });

  test('an entry with seconds left is a hit', async () => {
    await status(newIsolate(stack.current));
    await ageEntries(stack.current, FRESH_S - 9);
    const seen = await status(newIsolate(stack.current));
    expect(seen).toMatch(new RegExp(`^redis; hit; ttl=${redisTtl(9)}, isolate; fwd=miss; stored$`));
  });

  test.each([
    { of: 'an answer', path: PATH, lifeMs: (FRESH_S + 3_600) * 1_000 },
    { of: 'an absence', path: '/v1/users/999', lifeMs: 30_000 },
  ])('$of lives $lifeMs ms', async ({ path, lifeMs }) => {
    await status(newIsolate(stack.current), {}, path);
    const [key = ''] = await redisKeys(stack.current, 'entry:');
    const leftMs = Number(await redis(stack.current, 'PTTL', key));
    expect(leftMs).toBeLessThanOrEqual(lifeMs);
    expect(leftMs).toBeGreaterThan(lifeMs - 10_000);
  });
});

async function ageEntries(on: TestStack, seconds: number): Promise<void> {
  for (const key of await redisKeys(on, 'entry:')) {
    const born = BigInt(String(await redis(on, 'HGET', key, 'born'))) - BigInt(seconds) * 1_000_000n;
    await redis(on, 'HSET', key, 'born', `${born}`);
  }
}
