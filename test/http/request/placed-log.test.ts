import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { emptyRedis, get, newIsolate, useStack, whileAway } from '../../support/stack.ts';
import { askOriginWorker, newPlacedIsolate, type PlacedStack } from '../../support/http/origin-worker.ts';

const stack = useStack();
const NUMBER = '1234-5678-9012';
const LOGGED = { LOG_REQUESTS: 'true' };
let lines: Record<string, unknown>[] = [];

beforeEach(async () => {
  await emptyRedis(stack.current);
  lines = [];
  for (const method of ['log', 'warn', 'error'] as const) {
    const keep = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
    vi.spyOn(console, method).mockImplementation(keep);
  }
});
afterEach(() => vi.restoreAllMocks());

const requestLines = () => lines.filter(({ event }) => event === 'request');
const placedLines = () => requestLines().filter((line) => 'placed' in line);

/** An isolate whose origin Worker logs; the isolate itself does not. */
const makeIsolate = (): PlacedStack => newPlacedIsolate(stack.current, {}, LOGGED);

test('each call of an isolate leaves one line, which names the request, the look-ups, the account and the tiers', async () => {
  const isolate = makeIsolate();
  const answer = await get(isolate, `/v1/accounts/${NUMBER}`);
  expect(placedLines()).toEqual([
    {
      level: 'info',
      event: 'request',
      requestId: answer.headers.get('X-Request-Id'),
      caller: null,
      placed: 'account',
      code: null,
      account: NUMBER,
      tiers: 'redis;miss postgres',
      redisMs: expect.any(Number),
      postgresMs: expect.any(Number),
      ms: expect.any(Number),
    },
  ]);
  await get(isolate, `/v1/accounts/${NUMBER}`);
  expect(placedLines()).toHaveLength(1);
});

test('the line of a list names its account, and that of a user neither the user nor an account', async () => {
  const isolate = makeIsolate();
  await get(isolate, `/v1/accounts/${NUMBER}/users`);
  await get(isolate, '/v1/users/by-username/johndoe');
  expect(placedLines()).toMatchObject([
    { placed: 'usersOfAccount', account: NUMBER },
    { placed: 'userByUsername', account: null },
  ]);
  expect(JSON.stringify(lines)).not.toContain('johndoe');
});

test('the line says that no store could answer', async () => {
  const isolate = makeIsolate();
  await whileAway(isolate, ['postgres', 'redis'], () => get(isolate, '/v1/users/3'));
  expect(placedLines()[0]).toMatchObject({ placed: 'user', code: 'unavailable' });
});

test.each([
  ['a call without a signature', {}, 'forbidden', 403],
  ['a call while a var is wrong', { SHARED_FRESH_MS: 'x' }, 'misconfigured', 500],
])('%s has a line with its code', async (_, vars, code, status) => {
  const { env } = newIsolate(stack.current, { ...LOGGED, ...vars });
  const answer = await askOriginWorker(env, new Request('https://x/', { method: 'POST', body: '{}' }));
  expect(answer.status).toBe(status);
  expect(placedLines()).toMatchObject([{ placed: null, code, account: null }]);
});

test('a call for other stores has a line that says so', async () => {
  const isolate = newPlacedIsolate(stack.current, {}, { ...LOGGED, DATABASE_ID: 'another' });
  await get(isolate, '/v1/users/3');
  expect(placedLines()[0]).toMatchObject({ placed: null, code: 'other_stores' });
});

test('there is no line without LOG_REQUESTS', async () => {
  const isolate = newPlacedIsolate(stack.current);
  await get(isolate, '/v1/users/3');
  expect(isolate.calls).toHaveLength(1);
  expect(requestLines()).toEqual([]);
});
