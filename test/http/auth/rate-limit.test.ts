import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Hono } from 'hono';
import { createExecutionContext } from 'cloudflare:test';
import type { AppEnv } from '../../../src/http/app-env.ts';
import { asProblem, toResponse, unauthorized } from '../../../src/http/response/problem.ts';
import { limitCaller, limitLookUp, networkOf } from '../../../src/http/auth/rate-limit.ts';
import { OriginUnavailable } from '../../../src/cache/errors.ts';
import { parseSettings } from '../../../src/settings.ts';
import { countRequests, get, newIsolate, send, type TestStack, useStack } from '../../support/stack.ts';
import { create } from '../../support/http/changes.ts';
import { issueKey, withKey } from '../../support/http/issued-keys.ts';
import { postLookUps } from '../../support/http/look-up-requests.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { askRoute, initOf, nameOf, pathOf, routes, useGoodRows } from '../../support/http/routes.ts';

const stack = useStack();
useGoodRows(stack);
const ADDRESS = { 'CF-Connecting-IP': '203.0.113.9' };
const wrong = { Authorization: 'Bearer ea_wrong' };

/** A binding that lets so many requests of each key through. */
function makeLimiter(limit: number) {
  const counts = new Map<string, number>();
  return {
    counts,
    limit({ key }: { key: string }) {
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return Promise.resolve({ success: count <= limit });
    },
  };
}

let address = makeLimiter(2);
let caller = makeLimiter(2);
let limited: TestStack;

beforeEach(() => {
  [address, caller] = [makeLimiter(2), makeLimiter(2)];
  const isolate = newIsolate(stack.current);
  limited = { ...isolate, env: { ...isolate.env, ADDRESS_RATE_LIMIT: address, KEY_RATE_LIMIT: caller } };
});

const openRoutes = routes.filter(({ spec }) => spec.scope === 'open');
const closedRoutes = routes.filter(({ spec }) => spec.scope !== 'open');

test.each(['/', '/page.css', '/docs/start.js'])(
  'the page or asset %s is limited by address',
  async (path) => {
    const ask = () => send(limited, path, { headers: { ...ADDRESS, Accept: 'text/html' } });
    for (let request = 1; request <= 2; request++) expect((await ask()).status).not.toBe(429);
    await expectProblem(await ask(), 'too_many_requests');
  },
);

test.each(['/', '/page.css', '/docs/start.js'])('a key in the query of %s is refused', async (path) => {
  await expectProblem(await send(limited, `${path}?x=ea_local_root`), 'bad_request');
});

test.each(openRoutes.map((route) => ({ route, name: nameOf(route) })))(
  '$name is limited by address',
  async ({ route }) => {
    const ask = () => send(limited, pathOf(route), initOf(route, ADDRESS));
    for (let request = 1; request <= 2; request++) {
      const response = await ask();
      expect(response.status).toBe(200);
      expect(response.headers.get('RateLimit-Policy')).toBe('"address";q=200;w=10');
      expect(response.headers.has('RateLimit')).toBe(false);
    }
    const response = await ask();
    await expectProblem(response, 'too_many_requests');
    expect(response.headers.get('Retry-After')).toBe('10');
    expect(response.headers.get('RateLimit')).toBe('"address";r=0;t=10');
    expect(response.headers.get('RateLimit-Policy')).toBe('"address";q=200;w=10');
  },
);

test.each(closedRoutes.map((route) => ({ route, name: nameOf(route) })))(
  '$name is limited by address without a key and with a wrong one, and for root not at all',
  async ({ route }) => {
    await expectProblem(await send(limited, pathOf(route), initOf(route, ADDRESS)), 'unauthorized');
    const withWrong = () => send(limited, pathOf(route), initOf(route, { ...ADDRESS, ...wrong }));
    await expectProblem(await withWrong(), 'unauthorized');
    await expectProblem(await withWrong(), 'too_many_requests');
    const response = await askRoute(limited, route, pathOf(route), ADDRESS);
    expect(response.status).toBeLessThan(300);
    expect(response.headers.has('RateLimit-Policy')).toBe(false);
    expect(caller.counts.size).toBe(0);
  },
);

test('addresses are counted each for itself, and those of one IPv6 network together', async () => {
  const ask = async (ip: string) =>
    (await send(limited, '/healthz', { headers: { 'CF-Connecting-IP': ip } })).status;
  expect([await ask('203.0.113.9'), await ask('203.0.113.9'), await ask('203.0.113.9')]).toEqual([
    200, 200, 429,
  ]);
  expect(await ask('203.0.113.10')).toBe(200);
  expect([await ask('2001:db8::1'), await ask('2001:db8:0:0:ffff::2'), await ask('2001:DB8::3')]).toEqual([
    200, 200, 429,
  ]);
  expect(await ask('2001:db8:0:1::1')).toBe(200);
});

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::1', '0000:0000:0000:0000::/64'],
  ['2001:db8::', '2001:0db8:0000:0000::/64'],
  ['2001:0db8:0000:00a0:1:2:3:4', '2001:0db8:0000:00a0::/64'],
  ['2001:db8:1::9', '2001:0db8:0001:0000::/64'],
  ['2001:db8:1:2::', '2001:0db8:0001:0002::/64'],
  ['2001:db8::1:2:3:4:5', '2001:0db8:0000:0001::/64'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['::FFFF:cb00:7109', '203.0.113.9'],
  ['0:0:0:0:0:ffff:203.0.113.9', '203.0.113.9'],
  ['0000:0000:0000:0000:0000:ffff:0:1', '0.0.0.1'],
  ['64:ff9b::203.0.113.9', '203.0.113.9'],
  ['2001:db8::203.0.113.9', '2001:0db8:0000:0000::/64'],
  ['::203.0.113.9', '0000:0000:0000:0000::/64'],
  ['ffff::203.0.113.9', 'ffff:0000:0000:0000::/64'],
])('%s is counted as %s', (ip, network) => {
  expect(networkOf(ip)).toBe(network);
});

describe('many look-ups in one request', () => {
  const users = (length: number) => Array.from({ length }, (_, n) => ({ lookUp: 'user', userId: n + 1 }));
  const headersOf = async () => withKey(await issueKey(stack.current));

  test.each([
    [1, 1],
    [10, 1],
    [11, 2],
    [100, 10],
  ])('%d of them count as %d requests', async (length, counted) => {
    caller = makeLimiter(100);
    const on = { ...limited, env: { ...limited.env, KEY_RATE_LIMIT: caller } };
    expect((await postLookUps(on, users(length), await headersOf())).status).toBe(200);
    expect([...caller.counts.values()]).toEqual([counted]);
  });

  test('beyond the limit are 429 as a whole, and ask nobody', async () => {
    const headers = await headersOf();
    const on = newIsolate(limited);
    expect((await postLookUps(on, users(20), headers)).status).toBe(200);
    const counts = await countRequests(stack.current, async () => {
      const response = await postLookUps(on, users(20), headers);
      await expectProblem(response, 'too_many_requests');
      expect(response.headers.get('RateLimit')).toBe('"caller";r=0;t=10');
    });
    expect(counts).toEqual({ redis: 0, postgres: 0 });
  });

  test('are not limited for root', async () => {
    expect((await postLookUps(limited, users(100))).status).toBe(200);
    expect(caller.counts.size).toBe(0);
  });
});

describe('what is bound to an account', () => {
  const BOUND = { accountNumber: '1234-5678-9012' };
  const countsOf = (counts: ReadonlyMap<string, number>) =>
    new Map([...counts].filter(([name]) => name.startsWith('account:')));

  test('is counted by the account too, whichever key it comes with', async () => {
    const keys = [await issueKey(stack.current, BOUND), await issueKey(stack.current, BOUND)];
    const other = await issueKey(stack.current, { accountNumber: '3141-5926-5359' });
    const ask = async (key: (typeof keys)[number]) =>
      send(limited, '/v1/accounts/default', { headers: withKey(key) });
    const statuses = [];
    for (const key of [...keys, ...keys]) statuses.push((await ask(key)).status);
    expect(statuses.map((status) => status === 429)).toEqual([false, false, true, true]);
    expect((await ask(other)).status).toBe(200);
    expect(countsOf(caller.counts)).toEqual(
      new Map([
        ['account:1234-5678-9012', 4],
        ['account:3141-5926-5359', 1],
      ]),
    );
  });

  test('is counted by the account for every ten look-ups and every ten users', async () => {
    caller = makeLimiter(100);
    const on = { ...limited, env: { ...limited.env, KEY_RATE_LIMIT: caller } };
    const key = await issueKey(stack.current, { ...BOUND, scopes: ['directory:read', 'directory:write'] });
    await postLookUps(
      on,
      Array.from({ length: 25 }, () => ({ lookUp: 'user', userId: 3 })),
      withKey(key),
    );
    expect(caller.counts).toEqual(
      new Map([
        [`key:${key.id}`, 3],
        ['account:1234-5678-9012', 3],
      ]),
    );
    await create(on, '/v1/users/batch', { users: people(200, BOUND) }, withKey(key));
    expect(caller.counts).toEqual(
      new Map([
        [`key:${key.id}`, 23],
        ['account:1234-5678-9012', 23],
      ]),
    );
  });

  test('is not counted by an account when it is bound to none', async () => {
    await send(limited, '/v1/users/3', { headers: withKey(await issueKey(stack.current)) });
    expect(countsOf(caller.counts).size).toBe(0);
  });
});

let made = 0;
const people = (length: number, more: object = {}) =>
  Array.from({ length }, () => ({
    username: `limited-${(made += 1)}`,
    email: 'limited@example.com',
    ...more,
  }));

describe('many users in one request', () => {
  test.each([
    [1, 1],
    [10, 1],
    [11, 2],
    [200, 20],
  ])('%d of them count as %d requests', async (length, counted) => {
    caller = makeLimiter(100);
    const on = { ...limited, env: { ...limited.env, KEY_RATE_LIMIT: caller } };
    const key = await issueKey(stack.current, { scopes: ['directory:write'] });
    const response = await create(on, '/v1/users/batch', { users: people(length) }, withKey(key));
    expect(response.status).toBe(200);
    expect([...caller.counts.values()]).toEqual([counted]);
  });

  test('beyond the limit are 429 as a whole, and none of them is created', async () => {
    const key = await issueKey(stack.current, { scopes: ['directory:write'] });
    const before = made;
    const response = await create(limited, '/v1/users/batch', { users: people(30) }, withKey(key));
    await expectProblem(response, 'too_many_requests');
    const path = `/v1/users/by-username/limited-${before + 1}`;
    expect((await get(stack.current, path)).status).toBe(404);
  });
});

test('without an address, or without the binding, nothing is counted', async () => {
  for (let request = 1; request <= 4; request++) {
    expect((await send(limited, '/healthz')).status).toBe(200);
    const response = await send(stack.current, '/healthz', { headers: ADDRESS });
    expect(response.status).toBe(200);
    expect(response.headers.has('RateLimit-Policy')).toBe(false);
  }
  expect(address.counts.size).toBe(0);
});

test('a limiter that fails lets everybody through and says so once', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  const limit = () => Promise.reject(new Error('ea_secret'));
  const broken = { ...limited, env: { ...limited.env, ADDRESS_RATE_LIMIT: { limit } } };
  for (let request = 1; request <= 3; request++) {
    expect((await send(broken, '/healthz', { headers: ADDRESS })).status).toBe(200);
  }
  expect(error.mock.calls).toEqual([['{"level":"error","event":"rate_limit_failed","error":"Error"}']]);
  error.mockRestore();
});

test('a 401 that was counted says by which policy', async () => {
  const response = await send(limited, '/v1/users/3', { headers: { ...ADDRESS, ...wrong } });
  expect(response.status).toBe(401);
  expect(response.headers.get('RateLimit-Policy')).toBe('"address";q=200;w=10');
});

test('other quotas and windows are said as they are set', async () => {
  const env = { ...limited.env, ADDRESS_RATE_LIMIT_POLICY: '5/60', ADDRESS_RATE_LIMIT: makeLimiter(0) };
  const response = await send({ ...limited, env }, '/healthz', { headers: ADDRESS });
  expect(response.headers.get('Retry-After')).toBe('60');
  expect(response.headers.get('RateLimit')).toBe('"address";r=0;t=60');
  expect(response.headers.get('RateLimit-Policy')).toBe('"address";q=5;w=60');
});

test.each(['', '5', '0/10', '5/30', '-5/10', '5/10/10', '1e3/10', 'many/10'])(
  'the policy %j is refused',
  (policy) => {
    const env = { ...stack.current.env, KEY_RATE_LIMIT_POLICY: policy };
    expect(() => parseSettings(env)).toThrow('KEY_RATE_LIMIT_POLICY');
  },
);

describe('a key that has to be looked up', () => {
  const good = { id: 'key:7', scopes: new Set([]), accountNumber: null };
  let lookUps: string[] = [];
  let findKey = (id: number, sha256: string) => {
    lookUps.push(sha256);
    return id === 7 && sha256 === 'good'
      ? Promise.resolve(good)
      : Promise.reject(unauthorized('the key is not valid'));
  };

  const app = new Hono<AppEnv>().get('/:id/:sha256', async (c) => {
    const { id, sha256 } = c.req.param();
    const found = await limitLookUp(c, Number(id), sha256, () => findKey(Number(id), sha256));
    await limitCaller(c, found);
    return c.text(c.var.rateLimitPolicy ?? '');
  });
  app.onError((error, c) => toResponse(asProblem(error) ?? unauthorized('unexpected'), c.req.path));

  beforeEach(() => {
    lookUps = [];
  });

  async function ask(sha256: string, headers: Record<string, string> = ADDRESS, id = 7): Promise<number> {
    const request = new Request(`http://127.0.0.1/${id}/${sha256}`, { headers });
    return (await app.fetch(request, limited.env, createExecutionContext())).status;
  }

  test('is not looked up any more once its address has sent too many', async () => {
    const statuses = [];
    for (let request = 1; request <= 5; request++) statuses.push(await ask(`wrong-${request}`));
    expect(statuses).toEqual([401, 401, 429, 429, 429]);
    expect(lookUps).toEqual(['wrong-1', 'wrong-2']);
  });

  test('goes on behind an address that floods when it was good before', async () => {
    caller = makeLimiter(100);
    limited = { ...limited, env: { ...limited.env, KEY_RATE_LIMIT: caller } };
    expect(await ask('good')).toBe(200);
    for (let request = 1; request <= 5; request++) await ask(`wrong-${request}`);
    expect(await ask('wrong-6')).toBe(429);
    for (let request = 1; request <= 5; request++) expect(await ask('good')).toBe(200);
    expect(address.counts.get('203.0.113.9')).toBe(7);
    expect(caller.counts).toEqual(new Map([['key:7', 6]]));
  });

  test('is not good under other ids, with which its secret does not get past the limit', async () => {
    limited = { ...limited, env: { ...limited.env, KEY_RATE_LIMIT: makeLimiter(100) } };
    expect(await ask('good')).toBe(200);
    const statuses = [];
    for (let id = 8; id <= 11; id++) {
      statuses.push(await ask('good', ADDRESS, id));
      expect(await ask('good')).toBe(200);
    }
    expect(statuses).toEqual([401, 429, 429, 429]);
  });

  test('is limited by its own id, wherever it comes from', async () => {
    expect(await ask('good', {})).toBe(200);
    expect(await ask('good', ADDRESS)).toBe(200);
    expect(await ask('good', { 'CF-Connecting-IP': '203.0.113.10' })).toBe(429);
  });

  test('counts again as soon as it is no longer good, and not for an outage', async () => {
    const before = findKey;
    expect(await ask('good')).toBe(200);
    findKey = () => Promise.reject(new OriginUnavailable('away'));
    expect(await ask('good')).toBe(503);
    expect(address.counts.get('203.0.113.9')).toBe(1);
    findKey = () => Promise.reject(unauthorized('revoked'));
    expect([await ask('good'), await ask('good'), await ask('good')]).toEqual([401, 401, 429]);
    findKey = before;
  });

  test('is taken for good for a minute', async () => {
    onTestFinished(() => void vi.useRealTimers());
    vi.useFakeTimers({ toFake: ['Date'] });
    expect(await ask('good')).toBe(200);
    vi.setSystemTime(Date.now() + 61_000);
    expect(await ask('good')).toBe(200);
    expect(address.counts.get('203.0.113.9')).toBe(2);
  });
});
