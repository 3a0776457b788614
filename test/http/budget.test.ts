import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { app } from '../../src/http/app.ts';
import { countRequests, drainNow, emptyRedis, get, KEY, newIsolate, send, useStack } from '../stack.ts';
import { lookUps } from './seed.ts';

const stack = useStack();
const NUMBER = '2718-2818-2845';
const FILL = 1;

const paths = [
  ...lookUps.map(({ path }) => path),
  'http://hr.1234-5678-9012.api.localhost:8787/v1/context',
  '/v1/users/999',
  '/v1/users/5/account',
  '/v1/users/by-username/notfound',
  '/v1/accounts/0000-0000-0000',
  '/v1/accounts/0000-0000-0000/users',
  `/v1/accounts/${NUMBER}/admin-user`,
  '/v1/user-profiles/999',
];

// The first use of each script costs a request more, for Redis does not know it yet.
beforeAll(async () => {
  await get(stack.current, '/v1/users/1');
  await drainNow(stack.current);
});
beforeEach(() => emptyRedis(stack.current));
afterEach(() => void vi.unstubAllGlobals());

describe.each(paths)('%s', (path) => {
  test('costs one request to Redis, a fill and one to Postgres when nobody knows', async () => {
    const counts = await countRequests(stack.current, () => get(newIsolate(stack.current), path));
    expect(counts).toEqual({ redis: 1 + FILL, postgres: 1 });
  });

  test('costs one request to Redis when it knows, and none when memory does', async () => {
    const isolate = newIsolate(stack.current);
    await get(newIsolate(stack.current), path);
    expect(await countRequests(stack.current, () => get(isolate, path))).toEqual({ redis: 1, postgres: 0 });
    expect(await countRequests(stack.current, () => get(isolate, path))).toEqual({ redis: 0, postgres: 0 });
  });
});

test.each([
  ['no-cache', { redis: 1 + FILL, postgres: 1 }],
  ['max-age=0', { redis: 1, postgres: 0 }],
])('Cache-Control: %s costs %j', async (value, expected) => {
  await get(newIsolate(stack.current), '/v1/users/3');
  const act = () => get(stack.current, '/v1/users/3', { 'Cache-Control': value });
  expect(await countRequests(stack.current, act)).toEqual(expected);
});

test('the fill does not hold the answer up', async () => {
  const { fetch: realFetch } = globalThis;
  const released = Promise.withResolvers<void>();
  let redisRequests = 0;
  vi.stubGlobal('fetch', async (input: string, init: RequestInit) => {
    const isRedis = input.startsWith(stack.current.env.UPSTASH_REDIS_REST_URL);
    if (isRedis && ++redisRequests > 1) await released.promise;
    return realFetch(input, init);
  });
  const ctx = createExecutionContext();
  const request = new Request('http://x/v1/users/3', { headers: { Authorization: `Bearer ${KEY}` } });
  const response = await app.fetch(request, newIsolate(stack.current).env, ctx);
  released.resolve();
  await waitOnExecutionContext(ctx);
  expect(response.status).toBe(200);
  expect(redisRequests).toBe(1 + FILL);
});

test('creating an admin user costs a read, a batch and an invalidation', async () => {
  const act = () => get(newIsolate(stack.current), `/v1/accounts/${NUMBER}/admin-user`, {}, 'PUT');
  expect(await countRequests(stack.current, act)).toEqual({ redis: 1 + FILL + 1, postgres: 1 + 1 });
});

test('asking for an admin user that is there costs what reading does', async () => {
  const act = () => get(newIsolate(stack.current), '/v1/accounts/3141-5926-5359/admin-user', {}, 'PUT');
  expect(await countRequests(stack.current, act)).toEqual({ redis: 1 + FILL, postgres: 1 });
});

test.each([
  '/v1/account-number?url=https://hr.3141-5926-5359.api.example.com',
  '/v1/context',
  '/healthz',
  '/openapi.json',
  '/docs',
  '/nowhere',
  '/v1/users/x',
])('%s costs nothing', async (path) => {
  expect(await countRequests(stack.current, () => get(stack.current, path))).toEqual({
    redis: 0,
    postgres: 0,
  });
});

test('a request without a key costs nothing', async () => {
  const act = () => send(newIsolate(stack.current), '/v1/users/3');
  expect(await countRequests(stack.current, act)).toEqual({ redis: 0, postgres: 0 });
});

test('a thousand simultaneous reads of a cold key in four isolates load it four times at most', async () => {
  const isolates = Array.from({ length: 4 }, () => newIsolate(stack.current));
  const counts = await countRequests(stack.current, async () => {
    const reads = isolates.flatMap((isolate) =>
      Array.from({ length: 250 }, () => get(isolate, '/v1/users/3')),
    );
    const statuses = (await Promise.all(reads)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
  expect(counts.postgres).toBeGreaterThanOrEqual(1);
  expect(counts.postgres).toBeLessThanOrEqual(4);
});
