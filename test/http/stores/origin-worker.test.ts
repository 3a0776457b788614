import { beforeAll, beforeEach, expect, test } from 'vitest';
import { newPlacedIsolate } from '../../support/http/origin-worker.ts';
import { countRequests, drainNow, emptyRedis, get, useStack } from '../../support/stack.ts';

const stack = useStack();
beforeAll(async () => {
  await get(stack.current, '/v1/users/1');
  await drainNow(stack.current);
});
beforeEach(() => emptyRedis(stack.current));

test('a cold read is one call, and its answer enters memory', async () => {
  const isolate = newPlacedIsolate(stack.current);
  const counts = await countRequests(isolate, async () => {
    const response = await get(isolate, '/v1/users/3');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ username: 'johndoe' });
    expect(response.headers.get('Cache-Status')).toBe('redis; fwd=miss; stored, isolate; fwd=miss; stored');
    expect(response.headers.get('Server-Timing')).toMatch(
      /origin-worker;dur=\d+, redis;dur=\d+, postgres;dur=\d+$/,
    );
  });
  expect(counts).toEqual({ redis: 2, postgres: 1 });
  expect(isolate.calls).toHaveLength(1);
  expect((await get(isolate, '/v1/users/3')).headers.get('Cache-Status')).toMatch(/^isolate; hit/);
  expect(isolate.calls).toHaveLength(1);
});
