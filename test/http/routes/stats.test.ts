import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { beforeEach, expect, test, vi } from 'vitest';
import { Stats } from '../../../src/directory/stats.ts';
import { isolateOf } from '../../../src/isolate.ts';
import * as lookUps from '../../../src/rpc/look-ups.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { issueTo, makeTenants } from '../../support/http/tenants.ts';
import {
  countRequests,
  emptyRedis,
  get,
  newIsolate,
  send,
  type TestStack,
  useStack,
  whileAway,
} from '../../support/stack.ts';

const stack = useStack();
const NONE = { isolate: 0, joined: 0, redis: 0, postgres: 0 };

beforeEach(() => emptyRedis(stack.current));

async function statsOf(on: TestStack, query = ''): Promise<Stats> {
  const response = await get(on, `/v1/stats${query}`);
  expect(response.status).toBe(200);
  return Stats.parse(await response.json());
}

/** The sums of the last two minutes, because the present one may have begun just now. */
async function summed(on: TestStack = newIsolate(stack.current)) {
  const { minutes, lookUps: kinds } = await statsOf(on, '?minutes=3');
  const sum = (of: (minute: Stats['minutes'][number]) => number) =>
    minutes.reduce((total, minute) => total + of(minute), 0);
  return {
    requests: sum((minute) => minute.requests),
    absent: sum((minute) => minute.absent),
    errors: sum((minute) => minute.errors),
    refused: sum((minute) => minute.refused),
    kinds,
  };
}

/** Lets the isolate send what it has counted, with a read that it makes for that. */
async function flush(on: TestStack): Promise<void> {
  const { cache } = isolateOf(on.env);
  const report = cache.counts.ask;
  // As if ten seconds had passed.
  vi.spyOn(cache.counts, 'ask').mockImplementation((nowMs) => report(nowMs + 10_000));
  await get(on, '/v1/accounts/default', { 'Cache-Control': 'no-cache' });
  vi.restoreAllMocks();
}

test('reads are counted by tier and look-up, over HTTP, a 304 among them', async () => {
  const isolate = newIsolate(stack.current);
  const { headers } = await get(isolate, '/v1/users/3');
  const again = await get(isolate, '/v1/users/3', { 'If-None-Match': headers.get('ETag') ?? '' });
  expect(again.status).toBe(304);
  const other = newIsolate(stack.current);
  await get(other, '/v1/users/3');
  await get(other, '/v1/users/999999');
  for (const one of [isolate, other]) await flush(one);
  const { kinds, absent, requests } = await summed();
  expect(kinds['user']).toEqual({ ...NONE, isolate: 1, redis: 1, postgres: 2 });
  expect(absent).toBe(1);
  expect(requests).toBeGreaterThanOrEqual(4);
});

test('reads that wait for one load are joined, also those of a list', async () => {
  const isolate = newIsolate(stack.current);
  const path = '/v1/accounts/1234-5678-9012/users';
  await Promise.all(Array.from({ length: 5 }, () => get(isolate, path)));
  await flush(isolate);
  expect((await summed()).kinds['usersOfAccount']).toEqual({ ...NONE, joined: 4, postgres: 1 });
});

test('the calls of other Workers are counted by the same counters', async () => {
  const isolate = newIsolate(stack.current);
  const call = async (userId: number, props: object = {}) => {
    const ctx = Object.assign(createExecutionContext(), { props });
    const outcome = await lookUps
      .cachedUserForUserId(isolate.env, ctx, { userId }, undefined)
      .catch((error: unknown) => error);
    await waitOnExecutionContext(ctx);
    return outcome;
  };
  await call(3);
  await call(3);
  expect(await call(3, { scopes: [] })).toMatchObject({ code: 'forbidden' });
  expect(await call(-1)).toMatchObject({ code: 'bad_request' });
  await flush(isolate);
  const { kinds, requests, refused, errors } = await summed();
  expect(kinds['user']).toEqual({ ...NONE, isolate: 1, postgres: 1 });
  expect({ refused, errors }).toEqual({ refused: 1, errors: 0 });
  expect(requests).toBeGreaterThanOrEqual(4);
});

test('refusals and outages are counted, and arrive once Redis is back', async () => {
  const isolate = newIsolate(stack.current);
  expect((await send(isolate, '/v1/users/3')).status).toBe(401);
  await whileAway(stack.current, ['postgres', 'redis'], async () => {
    expect((await get(isolate, '/v1/users/4')).status).toBe(503);
  });
  await flush(isolate);
  expect(await summed()).toMatchObject({ refused: 1, errors: 1 });
});

test('pages and checks of health are not counted', async () => {
  const isolate = newIsolate(stack.current);
  for (const path of ['/healthz', '/readyz', '/openapi.json', '/nowhere']) await get(isolate, path);
  await flush(isolate);
  // The read that sent the counts is not among them.
  expect(await summed()).toMatchObject({ requests: 0 });
});

test('minutes without traffic are zeros, in ascending order up to the present one', async () => {
  const { now, minutes, lookUps: kinds, latencyBoundsMs } = await statsOf(newIsolate(stack.current));
  expect(minutes).toHaveLength(60);
  expect(kinds).toEqual({});
  const times = minutes.map(({ at }) => Date.parse(at));
  expect(times).toEqual(times.map((_, at) => (times[0] ?? 0) + at * 60_000));
  expect(Date.parse(now) - (times.at(-1) ?? 0)).toBeLessThan(60_000);
  const latency = Array.from({ length: latencyBoundsMs.length + 1 }, () => 0);
  const zeros = { requests: 0, reads: NONE, absent: 0, errors: 0, refused: 0, latency };
  for (const { at: _, ...counted } of minutes) expect(counted).toEqual(zeros);
});

test('a day is one request to Redis and none to Postgres', async () => {
  const isolate = newIsolate(stack.current);
  await statsOf(isolate);
  const act = () => statsOf(isolate, '?minutes=1560');
  expect(await countRequests(stack.current, act)).toEqual({ redis: 1, postgres: 0 });
});

test.each(['0', '1561', '9999', '-1', '1.5', '', 'x', '060'])('minutes=%s is refused', async (minutes) => {
  await expectProblem(await get(stack.current, `/v1/stats?minutes=${minutes}`), 'bad_request');
});

test('a parameter that is none is refused', async () => {
  const problem = await expectProblem(await get(stack.current, '/v1/stats?minuts=5'), 'bad_request');
  expect(problem).toMatchObject({ errors: [{ in: 'query', name: 'minuts' }] });
});

test('a caller that is bound to an account, or lacks the scope, is refused', async () => {
  const { a } = await makeTenants(stack.current);
  for (const scopes of [['audit:read'], ['directory:read']] as const) {
    const Authorization = `Bearer ${await issueTo(stack.current, a, scopes)}`;
    await expectProblem(await get(stack.current, '/v1/stats', { Authorization }), 'forbidden');
  }
});

test('without Redis there is an outage and no zeros', async () => {
  const response = await whileAway(stack.current, ['redis'], () =>
    get(newIsolate(stack.current), '/v1/stats'),
  );
  expect(response.headers.get('Retry-After')).toBe('2');
  await expectProblem(response, 'unavailable');
});

test('hits of a minute need no request to be counted, and ride on the next one that is made', async () => {
  const isolate = newIsolate(stack.current);
  await get(isolate, '/v1/users/3');
  const hits = async () => {
    for (let n = 0; n < 20; n++) await get(isolate, '/v1/users/3');
  };
  expect(await countRequests(stack.current, hits)).toEqual({ redis: 0, postgres: 0 });
  const read = () => flush(isolate);
  expect(await countRequests(stack.current, read)).toEqual({ redis: 2, postgres: 1 });
  expect((await summed()).kinds['user']).toEqual({ ...NONE, isolate: 20, postgres: 1 });
});
