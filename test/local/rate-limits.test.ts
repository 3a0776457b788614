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
  const first = await ask('/healthz');
  expect(first.status).toBe(200);
  expect(first.headers.get('RateLimit-Policy')).toBe('"address";q=200;w=10');
  // A slow machine may need several windows to send more requests in one of them than it admits.
  let refused: Response | undefined;
  const burst = async () => {
    const responses = await Promise.all(Array.from({ length: 100 }, () => ask('/healthz')));
    refused = responses.find(({ status }) => status === 429);
    return refused !== undefined;
  };
  await expect.poll(burst).toBe(true);
  expect(refused?.headers.get('Retry-After')).toBe('10');
  const byRoot = await ask('/v1/users/3', { Authorization: 'Bearer ea_local_root' });
  expect(byRoot.status).toBe(200);
});
