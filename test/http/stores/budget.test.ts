import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { scripts } from '../../../src/cache/shared/scripts/scripts.ts';
import type { EntityLookUp } from '../../../src/directory/batch/entity-look-ups.ts';
import { app } from '../../../src/http/app.ts';
import { AccountDirectory } from '../../../src/rpc/account-directory.ts';
import {
  countRequests,
  drainNow,
  emptyRedis,
  get,
  KEY,
  newIsolate,
  send,
  sql,
  type TestStack,
  useStack,
} from '../../support/stack.ts';
import { issueTo, type Tenant } from '../../support/http/tenants.ts';
import { postLookUps } from '../../support/http/look-up-requests.ts';
import { lookUps } from '../../support/http/seed.ts';

const stack = useStack();
const NUMBER = '2718-2818-2845';
const FILL = 1;
const STACKADEMY: Tenant = {
  subjects: {
    accountNumber: '1234-5678-9012',
    externalId: '',
    deletionId: '',
    keyId: '',
    url: '',
    user: '',
    userId: '3',
    userProfileId: '3',
    username: 'johndoe',
  },
  marks: [],
};

const paths = [
  ...lookUps.map(({ path }) => path),
  'http://hr.1234-5678-9012.api.localhost:8787/v1/context',
  '/v1/users/999',
  '/v1/users/5/account',
  '/v1/users/by-username/notfound',
  '/v1/users/by-external-id/notfound',
  '/v1/accounts/by-external-id/notfound',
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

describe('fifty different look-ups in one request', () => {
  const PEOPLE = 16;
  const firstId = 5_000;
  const lookUpsOf = (n: number): object[] => {
    const userId = firstId + n;
    return [
      { lookUp: 'user', userId },
      { lookUp: 'userByUsername', username: `batch_${n}` },
      { lookUp: 'accountForUser', userId },
    ];
  };
  const fifty = [
    ...Array.from({ length: PEOPLE }, (_, n) => lookUpsOf(n)).flat(),
    { lookUp: 'defaultAccount' },
    { lookUp: 'adminUser', accountNumber: '1618-0339-8874' },
  ];

  beforeAll(async () => {
    await sql(
      stack.current,
      `with made as (
         insert into users (id, username, email)
         select ${firstId} + n, 'batch_' || n, 'batch@example.com' from generate_series(0, ${PEOPLE - 1}) as n
         returning id
       )
       insert into user_profiles (user_id, account_id) select id, 2 from made`,
    );
    await drainNow(stack.current);
  });

  const ask = async (isolate: TestStack, asked: readonly object[], headers = {}) => {
    const response = await postLookUps(isolate, asked, headers);
    expect(response.status).toBe(200);
    const { results } = await response.json<{ results: { status: number }[] }>();
    return results.map(({ status }) => status);
  };
  // Nobody administers the account that is asked for last.
  const statuses = [...Array.from({ length: 49 }, () => 200), 404];

  test('cost one call of the read script and one batch when nobody knows, and the fills together', async () => {
    const { fetch: realFetch } = globalThis;
    const commands: unknown[][] = [];
    vi.stubGlobal('fetch', (input: string, init?: RequestInit) => {
      const isRedis = input.startsWith(stack.current.env.UPSTASH_REDIS_REST_URL);
      if (isRedis && typeof init?.body === 'string') commands.push(...commandsOf(JSON.parse(init.body)));
      return realFetch(input, init);
    });
    const counts = await countRequests(stack.current, async () =>
      expect(await ask(newIsolate(stack.current), fifty)).toEqual(statuses),
    );
    expect(counts).toEqual({ redis: 1 + FILL, postgres: 1 });
    const sha1 = await scripts.read.sha1();
    expect(commands.filter((command) => command[1] === sha1).map(([name]) => name)).toEqual(['evalsha']);
    expect(commands).toHaveLength(1 + fifty.length);
  });

  test('cost one request to Redis when it knows, and none when memory does', async () => {
    await ask(newIsolate(stack.current), fifty);
    const isolate = newIsolate(stack.current);
    const again = async () => expect(await ask(isolate, fifty)).toEqual(statuses);
    expect(await countRequests(stack.current, again)).toEqual({ redis: 1, postgres: 0 });
    expect(await countRequests(stack.current, again)).toEqual({ redis: 0, postgres: 0 });
  });

  test('cost one of each for what is missing, whoever knows the rest', async () => {
    await ask(newIsolate(stack.current), fifty.slice(0, 20));
    const isolate = newIsolate(stack.current);
    await ask(isolate, fifty.slice(0, 10));
    const counts = await countRequests(stack.current, () => ask(isolate, fifty));
    expect(counts).toEqual({ redis: 1 + FILL, postgres: 1 });
  });

  test('cost no more when each is asked twice, with no-cache too', async () => {
    const twice = [...fifty, ...fifty];
    for (const headers of [{}, { 'Cache-Control': 'no-cache' }, { 'Cache-Control': 'max-age=0' }]) {
      await emptyRedis(stack.current);
      const counts = await countRequests(stack.current, () => ask(stack.current, twice, headers));
      expect(counts).toEqual({ redis: 1 + FILL, postgres: 1 });
    }
  });

  test('cost the same over RPC', async () => {
    const isolate = newIsolate(stack.current);
    const call = async () => {
      const ctx = createExecutionContext();
      // The union of what is made above is what the method takes.
      const outcomes = await new AccountDirectory(ctx, isolate.env).getMany(fifty as EntityLookUp[]);
      await waitOnExecutionContext(ctx);
      expect(outcomes.filter((outcome) => 'value' in outcome)).toHaveLength(49);
    };
    expect(await countRequests(stack.current, call)).toEqual({ redis: 1 + FILL, postgres: 1 });
    expect(await countRequests(stack.current, call)).toEqual({ redis: 0, postgres: 0 });
  });

  test('cost whoever is bound to an account two of each at most, as many as it gives', async () => {
    const key = await issueTo(stack.current, STACKADEMY);
    const headers = { Authorization: `Bearer ${key}` };
    const hundred = Array.from({ length: 34 }, (_, n) => lookUpsOf(n))
      .flat()
      .slice(0, 98);
    hundred.push({ lookUp: 'userProfile', userProfileId: 3 }, { lookUp: 'defaultAccount' });
    const isolate = newIsolate(stack.current);
    // The check of the key is not what is counted here.
    await send(isolate, '/v1/accounts/1234-5678-9012', { headers });
    const read = async () => expect(await ask(isolate, hundred, headers)).toContain(200);
    // What the first phase found is stored by the request that asks for the second.
    expect(await countRequests(stack.current, read)).toEqual({ redis: 2 * (1 + FILL) - 1, postgres: 2 });
    expect(await countRequests(stack.current, read)).toEqual({ redis: 0, postgres: 0 });
  });
});

/** The commands of a request to Redis, which may be one or a pipeline. */
function commandsOf(body: unknown[]): unknown[][] {
  return body.every(Array.isArray) ? body : [body];
}
