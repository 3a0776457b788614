import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { get, newIsolate, send, useStack, whileAway } from '../../support/stack.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { lookUps } from '../../support/http/seed.ts';

const stack = useStack({ MEMORY_TTL_MS: '5000' });
const away = <T>(act: () => Promise<T>) => whileAway(stack.current, ['postgres', 'redis'], act);

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() }));
afterEach(() => void vi.useRealTimers());

test('every look-up is 503 with Retry-After, for what is there and what is not', async () => {
  const paths = [...lookUps.map(({ path }) => path), '/v1/users/999', '/v1/accounts/0000-0000-0000'];
  await away(async () => {
    for (const path of paths) {
      const response = await get(newIsolate(stack.current), path);
      await expectProblem(response, 'unavailable');
      expect(response.headers.get('Retry-After')).toBe('2');
    }
  });
});

test('memory answers for its lifetime, then nothing does, then the stores again', async () => {
  const isolate = newIsolate(stack.current);
  await get(isolate, '/v1/users/3');
  await away(async () => {
    vi.advanceTimersByTime(4_999);
    expect((await get(isolate, '/v1/users/3')).status).toBe(200);
    vi.advanceTimersByTime(1);
    await expectProblem(await get(isolate, '/v1/users/3'), 'unavailable');
  });
  expect((await get(isolate, '/v1/users/3')).status).toBe(200);
});

test('no key is 401, and an unknown path 404', async () => {
  await away(async () => {
    await expectProblem(await send(stack.current, '/v1/users/3'), 'unauthorized');
    await expectProblem(await get(stack.current, '/v1/nowhere'), 'not_found');
  });
});

test('the account number of a URL needs no store', async () => {
  const path = '/v1/account-number?url=https://hr.3141-5926-5359.api.example.com';
  const response = await away(() => send(stack.current, path));
  expect(await response.json()).toEqual({ accountNumber: '3141-5926-5359' });
});

test('the process is healthy, and not ready', async () => {
  await away(async () => {
    expect((await send(stack.current, '/healthz')).status).toBe(200);
    const response = await send(stack.current, '/readyz');
    expect(response.status).toBe(503);
    expect(response.headers.get('Retry-After')).toBe('2');
    expect(await response.json()).toMatchObject({
      status: 'unavailable',
      redis: { state: 'failed' },
      postgres: { state: 'failed' },
    });
  });
});
