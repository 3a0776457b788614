import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sampled, scaled, seed } from '../../support/scale.ts';
import {
  emptyRedis,
  fault,
  newIsolate,
  send,
  type Store,
  type TestStack,
  useStack,
} from '../../support/stack.ts';
import { issueKey, withKey } from '../../support/http/issued-keys.ts';
import { pathOf, routes, useGoodRows } from '../../support/http/routes.ts';
import { faultsOf, type StoreFault } from '../../support/http/store-faults.ts';

/** A breaker that opens would answer for Postgres a while longer than the fault. */
const stack = useStack({ BREAKER_FAILURES: '1000' });
useGoodRows(stack);

/** Routes that show something else each time, such as the tier that answered. */
const SHOWN_ANEW = new Set(['/v1/explain', '/v1/resolve', '/v1/stats', '/v1/users/:userId/export']);
/** Of tenant 1234-5678-9012; user 1, profile 1 and the default account are another's. */
const ALL_READS = [
  '/v1/users/1',
  '/v1/users/3',
  '/v1/users/999',
  '/v1/users/3/account',
  '/v1/users/1/account',
  '/v1/users/by-username/admin',
  '/v1/users/by-username/johndoe',
  '/v1/user-profiles/1',
  '/v1/user-profiles/3',
  '/v1/user-profiles/1/valid-resource-owners',
  '/v1/user-profiles/3/valid-resource-owners',
  '/v1/accounts/1234-5678-9012',
  '/v1/accounts/3141-5926-5359',
  '/v1/accounts/1234-5678-9012/admin-user',
  '/v1/accounts/1234-5678-9012/users',
  '/v1/accounts/1234-5678-9012/user-profiles?limit=2',
  '/v1/accounts/2718-2818-2845/users',
  '/v1/accounts/2718-2818-2845/user-profiles',
  '/v1/accounts/default',
  '/v1/platform/admin-profile',
  '/v1/users?limit=3',
  '/v1/users?usernamePrefix=jo',
  '/v1/accounts?limit=2',
  '/v1/keys',
  '/v1/audit?limit=5',
  'http://hr.1234-5678-9012.api.localhost/v1/context',
  // Every route that shows rows, so that a new one is among them.
  ...routes
    .filter(({ method, path, spec }) => method === 'GET' && spec.scope !== 'open' && !SHOWN_ANEW.has(path))
    .map((route) => pathOf(route)),
];
const READS = sampled(ALL_READS, 20);

interface Callers {
  readonly bound: Record<string, string>;
  readonly unbound: Record<string, string>;
}
let callers: Callers;

beforeAll(async () => {
  const scopes = [
    'directory:read',
    'directory:write',
    'cache:invalidate',
    'keys:write',
    'rights:write',
    'audit:read',
  ];
  callers = {
    bound: withKey(await issueKey(stack.current, { scopes, accountNumber: '1234-5678-9012' })),
    unbound: withKey(await issueKey(stack.current, { scopes })),
  };
});

afterEach(async () => {
  for (const store of ['redis', 'postgres'] as const) await fault(stack.current, store, []);
});

/** All in the long run; in the short one those that are named, and some that the seed draws. */
function someOf<T>(all: readonly T[], count: number, named?: RegExp): T[] {
  const isNamed = (one: T) => named?.test(JSON.stringify(one)) ?? false;
  const others = all.filter((one) => !isNamed(one));
  const drawn = fc.shuffledSubarray(others, { minLength: count, maxLength: count });
  return scaled([...all.filter(isNamed), ...fc.sample(drawn, { seed, numRuns: 1 }).flat()], [...all]);
}

interface Seen {
  readonly status: number;
  readonly body: string;
}

async function read(of: TestStack, path: string, headers: Record<string, string>): Promise<Seen> {
  const response = await send(of, path, { headers });
  const body = (await response.text()).replace(/"(requestId|lastUsedAt)":"[^"]*"/g, '');
  return { status: response.status, body };
}

/** What Postgres says, past every cache. */
function truth(path: string, headers: Record<string, string>): Promise<Seen> {
  return read(newIsolate(stack.current), path, { ...headers, 'Cache-Control': 'no-cache' });
}

type Asked = readonly [path: string, headers: Record<string, string>];

function asked(paths: readonly string[]): Asked[] {
  return Object.values(callers).flatMap((headers) => paths.map((path): Asked => [path, headers]));
}

async function truthsOf(paths: readonly string[]): Promise<Seen[]> {
  const truths: Seen[] = [];
  for (const [path, headers] of asked(paths)) truths.push(await truth(path, headers));
  return truths;
}

async function expectRight(
  isolates: readonly TestStack[],
  paths: readonly string[],
  truths: readonly Seen[],
): Promise<void> {
  for (const [at, [path, headers]] of asked(paths).entries()) {
    const seen = await Promise.all(isolates.map((isolate) => read(isolate, path, headers)));
    for (const one of seen) expect.soft({ path, ...one }).toEqual({ path, ...truths[at] });
  }
}

/** The keys are in Redis, so that what is garbled is what comes after their check. */
async function keepKeys(): Promise<void> {
  for (const headers of Object.values(callers))
    await read(newIsolate(stack.current), '/v1/users/7777', headers);
}

describe('reads under a fault', () => {
  let truths: readonly Seen[];
  beforeAll(async () => {
    truths = await truthsOf(READS);
  });

  const faults = [
    ...someOf(faultsOf('postgres'), 1, /one-column|wrong-base64/).map((one) => ['postgres', one] as const),
    ...someOf(faultsOf('redis'), 1).map((one) => ['redis', one] as const),
  ];

  test.each<readonly [Store, StoreFault]>(faults)(
    'of %s, %j, are right or 503, and with it over right at once',
    async (store, struck) => {
      const isolate = newIsolate(stack.current);
      await emptyRedis(stack.current);
      await keepKeys();
      await fault(stack.current, store, [struck]);
      for (const [at, [path, headers]] of asked(READS).entries()) {
        const seen = await read(isolate, path, headers);
        const isOutage = store === 'postgres' && seen.status === 503;
        if (!isOutage) expect.soft({ path, ...seen }).toEqual({ path, ...truths[at] });
      }
      await fault(stack.current, store, []);
      await expectRight([newIsolate(stack.current), isolate], READS, truths);
    },
  );
});
