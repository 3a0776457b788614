import { Hono } from 'hono';
import { exportSPKI } from 'jose/key/export';
import { importJWK } from 'jose/key/import';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { parseSettings } from '../../../src/settings.ts';
import { accessKeys } from '../../../src/http/auth/access-certs.ts';
import type { AppEnv } from '../../../src/http/app-env.ts';
import { authenticate } from '../../../src/http/auth/authenticate.ts';
import { asProblem, toResponse } from '../../../src/http/response/problem.ts';
import type { AccessCerts } from '../../../src/http/auth/state.ts';
import { isolateOf } from '../../../src/isolate.ts';
import { send, useStack } from '../../support/stack.ts';
import {
  AUDIENCE,
  type Certs,
  makeTeamKey,
  sign,
  startCerts,
  SUBJECT,
  type TeamKey,
} from '../../support/http/access-team.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();
const nowS = () => Math.floor(Date.now() / 1_000);

let key: TeamKey;
let next: TeamKey;
let certs: Certs;
let env: Env;

beforeAll(async () => {
  [key, next] = await Promise.all([makeTeamKey('key-1'), makeTeamKey('key-2')]);
});

beforeEach(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  certs = await startCerts(key);
  env = { ...stack.current.env, ACCESS_TEAM_URL: certs.url, ACCESS_AUDIENCE: AUDIENCE };
});

const app = new Hono<AppEnv>().all('/', async (c) => {
  const { id, scopes, accountNumber } = await authenticate(c);
  return c.json({ id, scopes: [...scopes], accountNumber });
});
app.onError((error, c) => {
  const problem = asProblem(error);
  return problem ? toResponse(problem, '') : c.text(String(error), 500);
});

type Headers = Readonly<Record<string, string>>;

/** Asks as the edge passes a person's request on. */
async function ask(assertion: string, headers: Headers = {}, method = 'GET'): Promise<Response> {
  const init = { method, headers: { 'Cf-Access-Jwt-Assertion': assertion, ...headers } };
  return app.fetch(new Request('https://accounts.example.com/', init), env);
}

const statusOf = async (assertion: string, headers?: Headers, method?: string) =>
  (await ask(assertion, headers, method)).status;

test('who has a good assertion is known by the subject and may read', async () => {
  const response = await ask(await sign(key, certs.url));
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    id: `access:${SUBJECT}`,
    scopes: ['directory:read'],
    accountNumber: null,
  });
});

test('an audience among others is one', async () => {
  expect(await statusOf(await sign(key, certs.url, { aud: ['other', AUDIENCE] }))).toBe(200);
  expect(await statusOf(await sign(key, certs.url, { aud: AUDIENCE }))).toBe(200);
});

test('what people may is in ACCESS_SCOPES', async () => {
  env.ACCESS_SCOPES = 'directory:read, directory:write,audit:read';
  const response = await ask(await sign(key, certs.url));
  expect(await response.json()).toMatchObject({
    scopes: ['directory:read', 'directory:write', 'audit:read'],
  });
  env = { ...env, ACCESS_SCOPES: 'directory:read,everything' };
  expect(() => isolateOf(env)).toThrow('ACCESS_SCOPES: everything is none of directory:read');
});

const base64url = (text: string) => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const part = (value: object) => base64url(JSON.stringify(value));
const unsigned = (header: object, url = certs.url) =>
  `${part(header)}.${part({ iss: url, aud: AUDIENCE, sub: SUBJECT, exp: nowS() + 60 })}`;

/** Signed with the public key as if it were a shared secret. */
async function confuse(encode: (jwk: object) => Promise<string> | string): Promise<string> {
  const content = unsigned({ alg: 'HS256', kid: key.kid, typ: 'JWT' });
  const secret = new TextEncoder().encode(await encode(key.jwk));
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const imported = await crypto.subtle.importKey('raw', secret, hmac, false, ['sign']);
  const signature = await crypto.subtle.sign('HMAC', imported, new TextEncoder().encode(content));
  return `${content}.${base64url(String.fromCharCode(...new Uint8Array(signature)))}`;
}

const pemOf = async (jwk: object) => exportSPKI((await importJWK(jwk, 'RS256')) as CryptoKey);

const bad: Readonly<Record<string, () => Promise<string> | string>> = {
  'has expired': () => sign(key, certs.url, { exp: nowS() - 10 }),
  'never expires': () => sign(key, certs.url, { exp: null }),
  'is not valid yet': () => sign(key, certs.url, { nbf: nowS() + 60 }),
  'is for another audience': () => sign(key, certs.url, { aud: 'other' }),
  'is for a part of the audience': () => sign(key, certs.url, { aud: AUDIENCE.slice(0, 32) }),
  'is of another team': () => sign(key, 'https://other.cloudflareaccess.com'),
  'is of the team with a path': () => sign(key, `${certs.url}/`),
  'has no subject': () => sign(key, certs.url, { sub: null }),
  'is of a service, without a subject': () => sign(key, certs.url, { sub: '' }),
  'has an e-mail address for a subject': () => sign(key, certs.url, { sub: 'person@example.com' }),
  'has a line break in its subject': () => sign(key, certs.url, { sub: 'a\nb' }),
  'is signed by an unknown key': () => sign(next, certs.url),
  'is signed by another key than it names': () => sign({ ...next, kid: key.kid }, certs.url),
  'names no key': async () => {
    const [, payload, signature] = (await sign(key, certs.url)).split('.');
    return [part({ alg: 'RS256' }), payload, signature].join('.');
  },
  'is unsigned': () => `${unsigned({ alg: 'none', kid: key.kid })}.`,
  'is unsigned in other letters': () => `${unsigned({ alg: 'nOnE', kid: key.kid })}.`,
  'says RS256 and has no signature': () => `${unsigned({ alg: 'RS256', kid: key.kid })}.`,
  'is signed with the public key as JSON': () => confuse((jwk) => JSON.stringify(jwk)),
  'is signed with the public key as PEM': () => confuse(pemOf),
  'brings its own key': async () => {
    const content = unsigned({ alg: 'RS256', kid: next.kid, jwk: next.jwk });
    return `${content}.${(await sign(next, certs.url)).split('.')[2]}`;
  },
  'has been changed': async () => {
    const [header, , signature] = (await sign(key, certs.url)).split('.');
    const other = part({ iss: certs.url, aud: AUDIENCE, sub: 'someone-else', exp: nowS() + 60 });
    return [header, other, signature].join('.');
  },
  'asks for an extension that nobody knows': async () => {
    const [, payload, signature] = (await sign(key, certs.url)).split('.');
    return [part({ alg: 'RS256', kid: key.kid, crit: ['x'], x: 1 }), payload, signature].join('.');
  },
  'is empty': () => ' ',
  'is no token': () => 'x',
  'is dots': () => '..',
  'is five parts': () => 'a.b.c.d.e',
  'is long': () => `${'a'.repeat(10_000)}.b.c`,
  'names a key that is no text': () => `${unsigned({ alg: 'RS256', kid: { a: 1 } })}.x`,
};

test.each(Object.entries(bad))('an assertion that %s is 401', async (_how, make) => {
  const response = await ask(await make());
  expect(response.status).toBe(401);
  expect(response.headers.get('WWW-Authenticate')).toMatch(/^Bearer/);
  expect(await response.text()).not.toContain('person@example.com');
});

test('an assertion of another algorithm is refused before anything is fetched', async () => {
  expect(await statusOf(await confuse((jwk) => JSON.stringify(jwk)))).toBe(401);
  expect(await statusOf(`${unsigned({ alg: 'none', kid: key.kid })}.`)).toBe(401);
  expect(await certs.requests()).toBe(0);
});

test('clocks may differ by seconds', async () => {
  expect(await statusOf(await sign(key, certs.url, { exp: nowS() - 2 }))).toBe(200);
  expect(await statusOf(await sign(key, certs.url, { nbf: nowS() + 2 }))).toBe(200);
});

test('Authorization wins, good or bad', async () => {
  const good = await sign(key, certs.url);
  for (const authorization of ['Bearer', 'Basic x', ''])
    expect(await statusOf(good, { Authorization: authorization })).toBe(401);
  expect(await certs.requests()).toBe(0);
});

test('without both settings an assertion is nothing', async () => {
  env = { ...stack.current.env };
  expect(await statusOf(await sign(key, certs.url))).toBe(401);
  expect(await certs.requests()).toBe(0);
});

test.each([
  { ACCESS_TEAM_URL: 'https://team.cloudflareaccess.com' },
  { ACCESS_AUDIENCE: AUDIENCE },
  { ACCESS_TEAM_URL: 'http://team.cloudflareaccess.com', ACCESS_AUDIENCE: AUDIENCE },
  { ACCESS_TEAM_URL: 'https://team.cloudflareaccess.com/', ACCESS_AUDIENCE: AUDIENCE },
  { ACCESS_TEAM_URL: 'https://team.cloudflareaccess.com/x', ACCESS_AUDIENCE: AUDIENCE },
  { ACCESS_TEAM_URL: 'team.cloudflareaccess.com', ACCESS_AUDIENCE: AUDIENCE },
  { ACCESS_TEAM_URL: 'https://team.cloudflareaccess.com', ACCESS_AUDIENCE: 'a b' },
])('the settings %j are refused', (vars) => {
  expect(() => parseSettings({ ...stack.current.env, ...vars })).toThrow('ACCESS_');
});

test('an assertion counts against its address before it is looked at, until it has proved to be good', async () => {
  let isWithin = true;
  const limit = vi.fn<RateLimit['limit']>(() => Promise.resolve({ success: isWithin }));
  env.ADDRESS_RATE_LIMIT = { limit };
  const address = { 'CF-Connecting-IP': '203.0.113.9' };
  const good = await sign(key, certs.url);
  expect(await statusOf(good, address)).toBe(200);
  expect(limit).toHaveBeenCalledTimes(1);
  isWithin = false;
  expect(await statusOf(good, address)).toBe(200);
  expect(limit).toHaveBeenCalledTimes(1);
  for (const other of [
    'x.y.z',
    `${good}x`,
    await sign(next, certs.url),
    await sign(key, certs.url, { sub: 'a' }),
  ])
    expect(await statusOf(other, address)).toBe(429);
});

test('who is over the limit of its address makes nobody fetch the certs', async () => {
  env.ADDRESS_RATE_LIMIT = { limit: () => Promise.resolve({ success: false }) };
  const address = { 'CF-Connecting-IP': '203.0.113.9' };
  const asked = Array.from({ length: 60 }, (_, n) =>
    statusOf(`${unsigned({ alg: 'RS256', kid: `made-up-${n}` })}.x`, address),
  );
  expect(new Set(await Promise.all(asked))).toEqual(new Set([429]));
  expect(await certs.requests()).toBe(0);
});

describe('a change that a page asks for', () => {
  const changes = ['POST', 'PUT', 'PATCH', 'DELETE'];

  test.each([
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'x' },
    { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://accounts.example.com' },
    { Origin: 'https://evil.example' },
    { Origin: 'http://accounts.example.com' },
    { Origin: 'null' },
  ])('with %j is 403', async (headers) => {
    const good = await sign(key, certs.url);
    for (const method of changes) expect(await statusOf(good, headers, method)).toBe(403);
    expect(await statusOf(good, headers)).toBe(200);
  });

  test.each([
    { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://accounts.example.com' },
    { 'Sec-Fetch-Site': 'none' },
    { Origin: 'https://accounts.example.com' },
    {},
  ])('with %j is taken', async (headers) => {
    const good = await sign(key, certs.url);
    for (const method of changes) expect(await statusOf(good, headers, method)).toBe(200);
  });
});

describe('the certs', () => {
  const MINUTE = 60_000;
  const HOUR = 60 * MINUTE;
  const start = Date.UTC(2026, 0, 1);
  let known: AccessCerts;
  const kidsAt = async (kid: string, ms: number) =>
    (await accessKeys(known, certs.url, kid, start + ms)).map((one) => one.kid);

  beforeEach(() => {
    known = { keys: [], fetchedAtMs: 0, triedAtMs: 0, failedAtMs: 0, fetching: null };
  });

  test('are fetched once an hour', async () => {
    for (const ms of [0, 1, MINUTE, HOUR - 1]) expect(await kidsAt('key-1', ms)).toEqual(['key-1']);
    expect(await certs.requests()).toBe(1);
    await kidsAt('key-1', HOUR);
    expect(await certs.requests()).toBe(2);
  });

  test('are fetched for an unknown key, once a minute', async () => {
    await kidsAt('key-1', 0);
    for (const ms of [1, MINUTE - 1]) expect(await kidsAt('made-up', ms)).toEqual(['key-1']);
    expect(await certs.requests()).toBe(1);
    for (const ms of [MINUTE, 2 * MINUTE - 1]) await kidsAt(`made-up-${ms}`, ms);
    expect(await certs.requests()).toBe(2);
  });

  test('of a team that has a new key are found', async () => {
    await kidsAt('key-1', 0);
    await certs.answer({ keys: [next.jwk, key.jwk] });
    expect(await kidsAt('key-2', MINUTE)).toEqual(['key-2', 'key-1']);
    expect(await kidsAt('key-1', MINUTE + 1)).toEqual(['key-2', 'key-1']);
    expect(await certs.requests()).toBe(2);
  });

  test('that a team took back are unknown within the hour', async () => {
    await kidsAt('key-1', 0);
    await certs.answer({ keys: [next.jwk] });
    expect(await kidsAt('key-1', HOUR)).toEqual(['key-2']);
  });

  test('that are away leave those that are known, and make others 503 and not 401', async () => {
    await kidsAt('key-1', 0);
    await certs.answer(500);
    expect(await kidsAt('key-1', MINUTE)).toEqual(['key-1']);
    for (const ms of [MINUTE, MINUTE + 1, 2 * MINUTE - 1])
      await expect(kidsAt('key-2', ms)).rejects.toThrow('are unavailable');
    expect(await kidsAt('key-1', HOUR - 1)).toEqual(['key-1']);
    expect(await certs.requests()).toBe(2);
    await expect(kidsAt('key-1', HOUR)).rejects.toThrow('are unavailable');
  });

  test('are fetched once for all who ask at once, with good assertions or others', async () => {
    const good = await sign(key, certs.url);
    const others = Array.from(
      { length: 30 },
      (_, n) => `${unsigned({ alg: 'RS256', kid: `made-up-${n}` })}.x`,
    );
    const asked = [
      ...others,
      good,
      ...others.map((_, n) => `${unsigned({ alg: 'RS256', kid: `b-${n}` })}.x`),
      good,
    ];
    const statuses = await Promise.all(asked.map((assertion) => statusOf(assertion)));
    expect(statuses).toEqual(asked.map((assertion) => (assertion === good ? 200 : 401)));
    expect(await certs.requests()).toBe(1);
  });

  test('that are away are asked for once by all who ask at once', async () => {
    await certs.answer(500);
    const asked = Array.from({ length: 20 }, (_, n) => kidsAt(`key-${n}`, 0).catch(String));
    expect(new Set(await Promise.all(asked)).size).toBe(1);
    expect(await certs.requests()).toBe(1);
  });

  test('that a request which died was fetching are fetched by another', async () => {
    onTestFinished(() => void vi.useRealTimers());
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    known.fetching = {};
    const waiting = kidsAt('key-1', 0);
    await vi.advanceTimersByTimeAsync(4_000);
    vi.useRealTimers();
    expect(await waiting).toEqual(['key-1']);
    expect(await kidsAt('key-1', 1)).toEqual(['key-1']);
    expect(await certs.requests()).toBe(1);
  });

  test('that are away are asked for again after five seconds', async () => {
    await certs.answer(503);
    await expect(kidsAt('key-1', 0)).rejects.toThrow('are unavailable');
    await certs.answer({ keys: [key.jwk] });
    await expect(kidsAt('key-1', 4_999)).rejects.toThrow('are unavailable');
    expect(await certs.requests()).toBe(1);
    expect(await kidsAt('key-1', 5_000)).toEqual(['key-1']);
  });

  test.each([
    ['a redirect', 302],
    ['a 404', 404],
    ['no JSON', '<html>'],
    ['JSON of another shape', { certs: [] }],
    ['too many', { keys: Array.from({ length: 21 }, () => ({})) }],
    ['too large', JSON.stringify({ keys: [], padding: 'x'.repeat(70_000) })],
  ])('that are %s are away', async (_what, answer) => {
    await certs.answer(answer);
    const response = await ask(await sign(key, certs.url));
    expect(response.status).toBe(503);
    expect(response.headers.get('Retry-After')).toBe('2');
  });

  test('of other kinds are left out', async () => {
    await certs.answer({ keys: [{ kid: 'ec', kty: 'EC' }, null, 1, {}, { ...key.jwk, kid: 7 }, key.jwk] });
    expect(await kidsAt('key-1', 0)).toEqual(['key-1']);
  });

  test('of which one is no key are of no use to whoever names it, and that is 503', async () => {
    await certs.answer({ keys: [{ ...key.jwk, n: '' }] });
    expect(await statusOf(await sign(key, certs.url))).toBe(503);
  });

  test('that nobody serves are away', async () => {
    env = { ...env, ACCESS_TEAM_URL: 'http://127.0.0.1:1' };
    expect(await statusOf(await sign(key, env.ACCESS_TEAM_URL))).toBe(503);
  });
});

describe('over the whole of the API', () => {
  function sendAs(assertion: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...init.headers, 'Cf-Access-Jwt-Assertion': assertion };
    return send({ ...stack.current, env }, path, { ...init, headers });
  }

  const post = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"companyName":"By a person"}',
  };

  test('people read, and change nothing without the scope', async () => {
    const good = await sign(key, certs.url);
    expect((await sendAs(good, '/v1/users/3')).status).toBe(200);
    await expectProblem(await sendAs(good, '/v1/users/999'), 'user_does_not_exist');
    await expectProblem(await sendAs(good, '/v1/accounts', post), 'forbidden');
  });

  test('with the scope they change, and are limited each for themselves', async () => {
    const limit = vi.fn<RateLimit['limit']>(() => Promise.resolve({ success: true }));
    env = { ...env, ACCESS_SCOPES: 'directory:write', KEY_RATE_LIMIT: { limit } };
    expect((await sendAs(await sign(key, certs.url), '/v1/accounts', post)).status).toBe(201);
    expect(limit.mock.calls).toEqual([[{ key: `access:${SUBJECT}` }]]);
  });

  test('a bad assertion is 401, and certs that are away are 503', async () => {
    await expectProblem(await sendAs(await sign(next, certs.url), '/v1/users/3'), 'unauthorized');
    env = { ...env };
    await certs.answer(500);
    await expectProblem(await sendAs(await sign(key, certs.url), '/v1/users/3'), 'unavailable');
  });

  test('the log has the subject and no e-mail address', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    env = { ...env, LOG_REQUESTS: 'true' };
    await sendAs(await sign(key, certs.url), '/v1/users/3');
    const line = log.mock.calls.map(([text]) => String(text)).join();
    log.mockRestore();
    expect(line).toContain(`"caller":"access:${SUBJECT}"`);
    expect(line).not.toContain('example.com');
  });
});

test.each([
  ['/v1/keys', { name: 'x', scopes: ['directory:read'] }],
  ['/v1/keys/1/rotate', {}],
])('a person has no key from which POST %s could derive a secret again', async (path, body) => {
  const own = { ...env, ACCESS_SCOPES: 'keys:write,directory:read' };
  const headers = {
    'Cf-Access-Jwt-Assertion': await sign(key, certs.url),
    'Content-Type': 'application/json',
    'Idempotency-Key': 'lost',
  };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  const { errors } = await expectProblem(
    await send({ ...stack.current, env: own }, path, init),
    'bad_request',
  );
  expect(errors).toMatchObject([{ in: 'header', name: 'Idempotency-Key' }]);
});
