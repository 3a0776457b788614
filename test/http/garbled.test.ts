import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { scaled, seed } from '../scale.ts';
import {
  ageOutbox,
  drainNow,
  emptyRedis,
  fault,
  newIsolate,
  send,
  type Store,
  sql,
  type TestStack,
  useStack,
} from '../stack.ts';
import { change } from './changes.ts';
import { issueKey, withKey } from './issued-keys.ts';
import { faultsOf, type StoreFault } from './store-faults.ts';

/** A breaker that opens would answer for Postgres a while longer than the fault. */
const stack = useStack({ BREAKER_FAILURES: '1000' });

/** Of tenant 1234-5678-9012; user 1, profile 1 and the default account are another's. */
const READS = [
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
];

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

/** Writes, and what they need to be there. */
const WRITES: readonly (readonly [method: string, path: string, body?: object])[] = [
  ['PATCH', '/v1/users/3', { firstName: 'John' }],
  ['PATCH', '/v1/users/4', { username: 'janet', isStaff: false }],
  ['DELETE', '/v1/users/4'],
  ['POST', '/v1/users', { username: 'newcomer', email: 'n@example.com', accountNumber: '1234-5678-9012' }],
  [
    'POST',
    '/v1/users/batch',
    { users: [{ username: 'one', email: 'o@example.com', accountNumber: '1234-5678-9012' }] },
  ],
  ['PATCH', '/v1/accounts/1234-5678-9012', { companyName: 'Renamed' }],
  ['POST', '/v1/accounts', { companyName: 'New', accountNumber: '7777-0000-0001' }],
  ['DELETE', '/v1/accounts/2718-2818-2845'],
  ['POST', '/v1/user-profiles', { userId: 5, accountNumber: '1234-5678-9012' }],
  ['PATCH', '/v1/user-profiles/3', { name: 'Named' }],
  ['DELETE', '/v1/user-profiles/5'],
  ['PUT', '/v1/accounts/2718-2818-2845/admin-user'],
  ['POST', '/v1/keys', { name: 'Another', scopes: ['directory:read'] }],
];

/** What they change. */
const CHANGED = [
  '/v1/users/3',
  '/v1/users/4',
  '/v1/users/by-username/janedoe',
  '/v1/users/by-username/newcomer',
  '/v1/users/5/account',
  '/v1/user-profiles/3',
  '/v1/accounts/1234-5678-9012',
  '/v1/accounts/1234-5678-9012/admin-user',
  '/v1/accounts/1234-5678-9012/users',
  '/v1/accounts/2718-2818-2845/user-profiles',
  '/v1/accounts/7777-0000-0001',
];

describe('writes under a fault', () => {
  const writes = someOf(WRITES, 2);
  // Of what is lost and not garbled nobody knows more than of a write of somebody else.
  const garbling = faultsOf('postgres').filter(({ kind }) => /wrong|truncated|reset/.test(kind));
  const moments = garbling.map((one) => (one.kind === 'wrong-json' ? { ...one, moment: 'after' } : one));

  test.each(someOf(moments, 0, /one-column|wrong-base64/))(
    '%j are done with a token of Postgres, or 503, and with it over every read is right at once',
    async (struck) => {
      for (const [method, path, body] of writes) {
        await restore();
        const writer = newIsolate(stack.current);
        await keepKeys();
        for (const [one, headers] of asked(CHANGED)) await read(writer, one, headers);
        await fault(stack.current, 'postgres', [struck]);
        const response = await change(writer, method, path, body, { ...callers.unbound, 'If-Match': '*' });
        await fault(stack.current, 'postgres', []);
        const token = response.headers.get('Consistency-Token');
        expect
          .soft([method, path, response.status, token?.slice(0, 3) ?? 'pg:'])
          .toEqual([method, path, 503, 'pg:']);
        await expectRight([writer, newIsolate(stack.current)], CHANGED, await truthsOf(CHANGED));
      }
    },
  );
});

/** The seed's rows as they were, and nothing of them in Redis. */
async function restore(): Promise<void> {
  await sql(
    stack.current,
    `
    delete from users where username in ('newcomer', 'one') or username like '2718%';
    delete from accounts where account_number = '7777-0000-0001';
    delete from retired_account_numbers where account_number = '7777-0000-0001';
    insert into accounts (id, account_number, company_name) values (3, '2718-2818-2845', 'Empty Ltd') on conflict do nothing;
    insert into users (id, username, email, is_staff) values (4, 'janedoe', 'janedoe@example.com', true)
      on conflict (id) do update set username = 'janedoe', is_staff = true;
    delete from user_profiles where user_id = 5;
    insert into user_profiles (id, user_id, account_id) values (4, 4, 2), (5, 6, 2) on conflict do nothing;
  `,
  );
  await drainNow(stack.current);
  await ageOutbox(stack.current);
  await drainNow(stack.current);
}
