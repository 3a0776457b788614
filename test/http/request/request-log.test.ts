import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Route } from '../../../src/http/endpoint/registry.ts';
import { keyOf } from '../../support/http/resolve.ts';
import { KEY, newIsolate, send, type TestStack, useStack } from '../../support/stack.ts';
import { askRoute, initOf, nameOf, pathOf, routes } from '../../support/http/routes.ts';

const stack = useStack({ LOG_REQUESTS: 'true' });
let lines: string[] = [];

beforeEach(() => {
  lines = [];
  const keep = (...args: unknown[]) => void lines.push(args.map(String).join(' '));
  for (const method of ['debug', 'log', 'info', 'warn', 'error'] as const) {
    vi.spyOn(console, method).mockImplementation(keep);
  }
});

afterEach(() => vi.restoreAllMocks());

const STACKADEMY = '1234-5678-9012';
const PLATFORM = '3141-5926-5359';
const ANY: unknown = expect.stringMatching(/^\d{4}-\d{4}-\d{4}$/);

/** The accounts that routes are about without a number in the path; null for all others. */
const ACCOUNTS: Readonly<Record<string, unknown>> = {
  'GET /v1/account-number': STACKADEMY,
  'GET /v1/audit': STACKADEMY,
  'GET /v1/deletions': STACKADEMY,
  'GET /v1/resolve': STACKADEMY,
  'GET /v1/users/:userId/account': STACKADEMY,
  'POST /v1/users': STACKADEMY,
  'POST /v1/users/batch': STACKADEMY,
  'GET /v1/accounts/default': PLATFORM,
  'PUT /v1/accounts/default': PLATFORM,
  'POST /v1/accounts': ANY,
  'GET /v1/platform/admin-profile': PLATFORM,
  'GET /v1/user-profiles/:userProfileId': STACKADEMY,
  'PATCH /v1/user-profiles/:userProfileId': STACKADEMY,
  'POST /v1/user-profiles': ANY,
};

const accountOf = (route: Route): unknown =>
  route.path.includes(':accountNumber') ? STACKADEMY : (ACCOUNTS[nameOf(route)] ?? null);

function requestLines(): Record<string, unknown>[] {
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event }) => event === 'request');
}

describe.each(routes.map((route) => ({ route, name: nameOf(route) })))('$name', ({ route }) => {
  test('leaves one line that names the route and not what was asked of it', async () => {
    const response = await askRoute(stack.current, route);
    const [line = {}, ...more] = requestLines();
    expect(more).toEqual([]);
    const { redisMs, postgresMs, ...rest } = line;
    const asked = (name: string) => (String(rest['tiers']).includes(name) ? expect.any(Number) : undefined);
    expect([redisMs, postgresMs]).toEqual([asked('redis'), asked('postgres')]);
    if (route.spec.writes) expect(postgresMs).toEqual(expect.any(Number));
    expect([rest]).toEqual([
      {
        level: 'info',
        event: 'request',
        requestId: response.headers.get('X-Request-Id'),
        caller: route.spec.scope === 'open' ? null : 'root',
        method: route.method,
        route: route.path,
        status: response.status,
        account: accountOf(route),
        tiers: expect.stringMatching(/^(isolate;\w+( redis;\w+)?)?( ?postgres)?$/),
        ms: expect.any(Number),
      },
    ]);
  });

  test('leaves one line of a request that is refused', async () => {
    const response = await send(stack.current, pathOf(route), initOf(route, { Authorization: 'Bearer x' }));
    expect(requestLines()).toMatchObject([
      { route: route.path, status: response.status, caller: null, method: route.method },
    ]);
  });
});

test('the tiers are those that were asked', async () => {
  const path = '/v1/users/3';
  const isolate = newIsolate(stack.current);
  const ask = () => send(isolate, path, { headers: { Authorization: `Bearer ${KEY}` } });
  await ask();
  await ask();
  const tiers = requestLines().map((line) => line['tiers']);
  expect(tiers[0]).toMatch(/^isolate;miss redis;(hit|miss postgres)$/);
  expect(tiers[1]).toBe('isolate;hit');
});

test('what has no route and what is no method of it are told apart', async () => {
  await send(stack.current, '/v1/nothing/here');
  await send(stack.current, '/v1/users/3', { method: 'PROPFIND' });
  await send(stack.current, '/v1/users/%ZZ');
  expect(requestLines()).toMatchObject([
    { route: null, status: 404, tiers: '' },
    { route: '/v1/users/:userId', status: 405, method: 'PROPFIND' },
    { route: '/v1/users/:userId', status: 400 },
  ]);
});

test('a ray is told when it is one, and the id of the request is never the caller’s', async () => {
  const ids = ['8a1b2c3d4e5f6a7b-FRA', '8a1b2c3d4e5f6a7b', 'x', '8a1b2c3d4e5f6a7b-FRA ea_secret'];
  for (const ray of ids) {
    await send(stack.current, '/healthz', { headers: { 'CF-Ray': ray, 'X-Request-Id': 'mine' } });
  }
  expect(requestLines().map((line) => line['ray'])).toEqual([ids[0], ids[1], undefined, undefined]);
  expect(lines.join('\n')).not.toContain('mine');
});

test('a refused request is about the account in its path, and nothing else of the path', async () => {
  await send(stack.current, `/v1/accounts/${STACKADEMY}/users`);
  await send(stack.current, '/v1/accounts/jane-0000-0000/users');
  expect(requestLines()).toMatchObject([
    { status: 401, account: STACKADEMY },
    { status: 401, account: null },
  ]);
});

test('a request about none is about the account of a caller that is bound to one', async () => {
  const own = await keyOf(stack.current, ['directory:read'], STACKADEMY);
  for (const path of ['/v1/users/3', '/v1/users/2', '/v1/users/5/account'])
    await send(stack.current, path, { headers: own });
  expect(requestLines().map(({ account }) => account)).toEqual([STACKADEMY, STACKADEMY, STACKADEMY]);
});

test('what stands in the log beside the line of a request has its id, too', async () => {
  const response = await send(stack.current, '/v1/users/999999', {
    headers: { Authorization: `Bearer ${KEY}` },
  });
  const requestId = response.headers.get('X-Request-Id');
  const [absence] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(absence).toEqual({ level: 'error', event: 'user_does_not_exist', requestId, userId: 999_999 });
});

test('no line without LOG_REQUESTS', async () => {
  const env = { ...stack.current.env, LOG_REQUESTS: 'false' };
  await send({ ...stack.current, env }, '/healthz');
  expect(lines).toEqual([]);
});

test('a wrong setting does not end the log', async () => {
  const env = { ...stack.current.env, MEMORY_TTL_MS: 'x' };
  await send({ ...stack.current, env }, '/v1/users/3', { headers: { Authorization: `Bearer ${KEY}` } });
  expect(requestLines()).toMatchObject([{ status: 500, route: '/v1/users/:userId' }]);
});

describe('secrets and personal data, wherever they are', () => {
  const canary = 'CaNaRy';
  const secrets = [
    `ea_prod_7_${canary}0`,
    `${canary}-user`,
    `${canary}@example.com`,
    `${canary}\r\n{"level":"info","event":"forged"}`,
    `Bearer ${canary}`,
  ];

  /** Every value in every place of a request of every route. */
  async function sendEverywhere(on: TestStack): Promise<void> {
    for (const route of routes) {
      for (const secret of secrets) {
        const encoded = encodeURIComponent(secret);
        const oneLine = secret.replaceAll(/[\r\n]/g, '');
        const path = route.path.replaceAll(/:\w+/g, encoded);
        const inHeaders = {
          Authorization: `Bearer ${oneLine.replaceAll(' ', '')}`,
          Cookie: `CF_Authorization=${oneLine}`,
          'Consistency-Token': oneLine,
          'Cf-Access-Jwt-Assertion': oneLine,
          'CF-Connecting-IP': oneLine,
          'CF-Ray': oneLine,
          'Idempotency-Key': oneLine,
          'If-Match': oneLine,
          Origin: oneLine,
          Referer: oneLine,
          'User-Agent': oneLine,
          'X-Request-Id': oneLine,
        };
        const root = { Authorization: `Bearer ${KEY}` };
        const json = { 'Content-Type': 'application/json' };
        const body = JSON.stringify({
          [secret]: secret,
          companyName: secret,
          username: secret,
          email: secret,
        });
        const withBody = route.spec.json ? { body } : {};
        await send(on, path, initOf(route, inHeaders));
        await send(on, path, initOf(route, { ...inHeaders, ...root }));
        await send(on, `${path}?${encoded}=${encoded}&key=${encoded}`, initOf(route, root));
        await send(on, pathOf(route), { ...initOf(route, { ...root, ...json }), ...withBody });
        await send(on, `/${encoded}`, initOf(route, root));
      }
    }
  }

  test('are in no line of the log', async () => {
    await sendEverywhere(stack.current);
    expect(lines.length).toBeGreaterThan(routes.length * secrets.length);
    expect(lines.filter((line) => line.includes(canary) || line.includes(KEY))).toEqual([]);
    // A line break would begin a line that is not ours.
    expect(lines.filter((line) => /[\r\n]/.test(line))).toEqual([]);
    for (const line of lines) expect(JSON.parse(line)).not.toMatchObject({ event: 'forged' });
  });

  test('are in none while the stores are away', async () => {
    const env = {
      ...stack.current.env,
      DATABASE_URL: `postgres://${canary}:${canary}@127.0.0.1:1/${canary}`,
      UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1',
      UPSTASH_REDIS_REST_TOKEN: canary,
    };
    const away = { ...stack.current, env };
    for (const path of [`/v1/users/by-username/${canary}`, '/v1/users/3', `/v1/accounts/default`]) {
      const response = await send(away, path, { headers: { Authorization: `Bearer ${KEY}` } });
      expect(response.status).toBe(503);
    }
    expect(lines.some((line) => line.includes('origin_failed'))).toBe(true);
    expect(lines.filter((line) => line.includes(canary) || line.includes(KEY))).toEqual([]);
  });
});
