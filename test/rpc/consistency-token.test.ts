import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sampled } from '../support/scale.ts';
import { LOCAL_KEY } from '../../local/stack.ts';
import { startWorkers, type Workers } from '../../local/workers.ts';
import { bundleOnce } from '../engines/bundles.ts';
import { UNHURRIED } from '../support/unhurried.ts';
import { startTwoWorkers, type TwoWorkers } from '../engines/two-workers.ts';

interface Outcome {
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

const CALLER = fileURLToPath(new URL('./wrangler.toml', import.meta.url));
const ADMIN = '/v1/accounts/2718-2818-2845/admin-user';
/** Nothing leaves memory by age. */
/** Nothing leaves memory, and no drain adds to the requests that are counted. */
const CALM = { MEMORY_TTL_MS: '60000', DRAIN_EVERY_MS: '0' };
const NOBODY_LISTENS = 'http://127.0.0.1:1';

let two: TwoWorkers;
/** Processes in front of the same stores: one that writes, one that reads, and one that reads without Redis. */
let writer: Workers;
let reader: Workers;
let withoutRedis: Workers;

beforeAll(async () => {
  two = await startTwoWorkers(CALLER, CALM);
  const options = { port: 0, consumerPort: 0, consumerConfig: CALLER, bundle: bundleOnce };
  const env = { ...two.stack.env, ...UNHURRIED, ...CALM };
  writer = two.workers;
  reader = await startWorkers({ ...options, env });
  withoutRedis = await startWorkers({ ...options, env: { ...env, UPSTASH_REDIS_REST_URL: NOBODY_LISTENS } });
});

afterAll(async () => {
  await reader.close();
  await withoutRedis.close();
  await two.close();
});

beforeEach(async () => {
  await sql(`update users set first_name = '' where id = 3;
    delete from users where id in (select user_id from user_profiles where account_id = 3)`);
  // The scheduled handler makes the process that it runs in current, and finds a row once.
  for (const workers of [writer, reader]) {
    await sql(`insert into cache_invalidations (tags) values ('{everything}')`);
    await workers.fireScheduled();
  }
  await userBy(withoutRedis, { invalidate: true });
});

async function call({ consumerUrl }: Workers, method: string, ...args: unknown[]): Promise<Outcome> {
  const body = JSON.stringify({ method, args, times: 1 });
  const response = await fetch(consumerUrl, { method: 'POST', body });
  // The caller Worker writes this.
  const [outcome = {}] = (await response.json()) as Outcome[];
  return outcome;
}

const userBy = (workers: Workers, options: object = {}) =>
  call(workers, 'getCachedUserForUserId', 3, options);
const usersBy = (workers: Workers, options: object = {}) =>
  call(workers, 'getUsersForAccount', '2718-2818-2845', options);

const named = (firstName: string) => ({ value: expect.objectContaining({ firstName }) as unknown });

/** The token of a write over HTTP by the writer's process. */
async function create(): Promise<string> {
  const headers = { Authorization: `Bearer ${LOCAL_KEY}` };
  const response = await fetch(new URL(ADMIN, writer.url), { method: 'PUT', headers });
  expect(response.status).toBe(201);
  return response.headers.get('Consistency-Token') ?? '';
}

async function sql(text: string): Promise<void> {
  const client = new Client({ connectionString: two.stack.postgresUrl });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

async function loadsOf(act: () => Promise<unknown>): Promise<number> {
  const before = await readLoads();
  await act();
  return (await readLoads()) - before;
}

async function readLoads(): Promise<number> {
  const stats = (await (await fetch(`${two.stack.neonUrl}/stats`)).json()) as { requests: number };
  return stats.requests;
}

test('the token of a write in one process makes another see it over RPC, and keep seeing it', async () => {
  expect(await usersBy(reader)).toEqual({ value: [] });
  const consistencyToken = await create();
  expect(await usersBy(reader)).toEqual({ value: [] });
  const created = { value: [expect.objectContaining({ username: '2718-2818-2845-admin' })] };
  expect(await usersBy(reader, { consistencyToken })).toEqual(created);
  expect(await usersBy(reader)).toEqual(created);
});

test('an answer that is new enough for the token is used, from memory and from Redis', async () => {
  const consistencyToken = await create();
  await userBy(reader);
  expect(await loadsOf(() => userBy(reader, { consistencyToken }))).toBe(0);
  expect(await loadsOf(() => userBy(writer, { consistencyToken }))).toBe(0);
});

describe.each([
  { kind: 'of a write that came later', make: create },
  { kind: 'of another epoch', make: async () => `${'f'.repeat(16)}:1` },
  {
    kind: 'ahead of the clock',
    make: async () => {
      const [epoch = '', n = ''] = (await create()).split(':');
      return `${epoch}:${Number(n) + 1e12}`;
    },
  },
  { kind: 'of an invalidation that failed', make: async () => `pg:${Date.now()}` },
])('a token $kind', ({ make }) => {
  test('is answered by Postgres, whatever memory and Redis hold', async () => {
    expect(await userBy(reader)).toEqual(named(''));
    const consistencyToken = await make();
    await sql(`update users set first_name = 'John' where id = 3`);
    expect(await userBy(reader)).toEqual(named(''));
    expect(await userBy(reader, { consistencyToken })).toEqual(named('John'));
  });

  test('is answered by Postgres though Redis is away', async () => {
    expect(await userBy(withoutRedis)).toEqual(named(''));
    const consistencyToken = await make();
    await sql(`update users set first_name = 'John' where id = 3`);
    expect(await userBy(withoutRedis)).toEqual(named(''));
    expect(await userBy(withoutRedis, { consistencyToken })).toEqual(named('John'));
  });
});

const malformed = [
  'x',
  '',
  ':',
  'pg:',
  'pg:-1',
  `${'F'.repeat(16)}:1`,
  `${'f'.repeat(16)}:`,
  '9'.repeat(99),
  7,
  null,
];

test.each(sampled(malformed))(
  'the malformed token %j is refused by name, before any store is asked',
  async (consistencyToken) => {
    let outcome: Outcome = {};
    const loads = await loadsOf(async () => {
      outcome = await userBy(withoutRedis, { consistencyToken, invalidate: true });
    });
    expect(outcome.error).toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('options.consistencyToken') as unknown,
    });
    expect(loads).toBe(0);
  },
);
