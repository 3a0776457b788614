import { afterAll, beforeAll, expect, test } from 'vitest';
import { readWorkerConfig } from '../../local/worker-config.ts';
import { startTwoWorkers, type TwoWorkers } from '../engines/two-workers.ts';

const { ratelimits, vars } = readWorkerConfig('wrangler.toml');
let two: TwoWorkers;

beforeAll(async () => {
  two = await startTwoWorkers();
});

afterAll(() => two.close());

test('wrangler.toml tells callers the limits that it sets, each in a namespace of its own', () => {
  for (const { name, simple } of ratelimits) {
    expect([name, vars[`${name}_POLICY`]]).toEqual([name, `${simple.limit}/${simple.period}`]);
  }
  expect(ratelimits.map(({ name }) => name)).toEqual(['KEY_RATE_LIMIT', 'ADDRESS_RATE_LIMIT']);
  expect(new Set(ratelimits.map(({ namespace_id: id }) => id)).size).toBe(2);
});

test('the local stack limits by address, and never the root key', async () => {
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${two.workers.url.origin}${path}`, { headers });
    await response.text();
    return response;
  };
  let last = await ask('/healthz');
  expect(last.status).toBe(200);
  expect(last.headers.get('RateLimit-Policy')).toBe('"address";q=200;w=10');
  // The window may end meanwhile, so the test sends twice as many requests as it admits.
  for (let request = 0; request < 401 && last.status === 200; request++) last = await ask('/healthz');
  expect(last.status).toBe(429);
  expect(last.headers.get('Retry-After')).toBe('10');
  const byRoot = await ask('/v1/users/3', { Authorization: 'Bearer ea_local_root' });
  expect(byRoot.status).toBe(200);
});
