import { describe, expect, test } from 'vitest';
import { parseSettings } from '../../../src/settings.ts';
import { get, send, type TestStack, useStack } from '../../support/stack.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { nameOf, pathOf, routes } from '../../support/http/routes.ts';

const ORIGIN = 'https://console.example.com';
const without = useStack();
const withOrigins = useStack({ CORS_ORIGINS: `${ORIGIN}, http://localhost:3000` });

function preflight(stack: TestStack, path: string, origin: string, method: string): Promise<Response> {
  const headers = {
    Origin: origin,
    'Access-Control-Request-Method': method,
    'Access-Control-Request-Headers': 'authorization,if-match',
  };
  return send(stack, path, { method: 'OPTIONS', headers });
}

function corsHeadersOf({ headers }: Response): string[] {
  return [...headers.keys()].filter((name) => name.startsWith('access-control-'));
}

describe.each(routes.map((route) => ({ route, name: nameOf(route) })))('$name', ({ route }) => {
  const path = pathOf(route);

  test('answers a preflight of a named origin without a key', async () => {
    const response = await preflight(withOrigins.current, path, ORIGIN, route.method);
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
    const { headers } = response;
    expect(headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN);
    expect(headers.get('Access-Control-Allow-Methods')?.split(',')).toContain(route.method);
    expect(headers.get('Access-Control-Allow-Headers')?.split(',')).toEqual(
      expect.arrayContaining(['Authorization', 'If-Match', 'Content-Type', 'Consistency-Token']),
    );
    expect(headers.get('Access-Control-Allow-Credentials')).toBeNull();
    expect(headers.get('Vary')).toContain('Origin');
  });

  test('answers the preflight of any other origin as without the setting', async () => {
    const response = await preflight(withOrigins.current, path, 'https://evil.example', route.method);
    await expectProblem(response, 'method_not_allowed');
    expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull();
    expect(response.headers.get('Vary')).toContain('Origin');
  });

  test('answers no preflight when no origin is named', async () => {
    const response = await preflight(without.current, path, ORIGIN, route.method);
    await expectProblem(response, 'method_not_allowed');
    expect(corsHeadersOf(response)).toEqual([]);
    expect(response.headers.get('Vary')).toBeNull();
  });
});

test('OPTIONS that is no preflight is 405, named origin or not', async () => {
  const init = { method: 'OPTIONS', headers: { Origin: ORIGIN } };
  await expectProblem(await send(withOrigins.current, '/v1/users/3', init), 'method_not_allowed');
});

test.each([
  ['/v1/users/3', 200],
  ['/v1/users/999', 404],
  ['/v1/users/x', 400],
  ['/nowhere', 404],
])('%s, which is %i, may be read by a page of a named origin', async (path, status) => {
  const response = await get(withOrigins.current, path, { Origin: ORIGIN });
  expect(response.status).toBe(status);
  expect(response.headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN);
  expect(response.headers.get('Access-Control-Allow-Credentials')).toBeNull();
  expect(response.headers.get('Vary')).toContain('Origin');
  expect(response.headers.get('Access-Control-Expose-Headers')?.split(',')).toEqual(
    expect.arrayContaining([
      'ETag',
      'Consistency-Token',
      'Cache-Status',
      'X-Request-Id',
      'Retry-After',
      'RateLimit',
      'RateLimit-Policy',
      'Location',
      'Idempotency-Replayed',
    ]),
  );
});

test('so may 304', async () => {
  const etag = (await get(withOrigins.current, '/v1/users/3')).headers.get('ETag') ?? '';
  const headers = { Origin: ORIGIN, 'If-None-Match': etag };
  const response = await get(withOrigins.current, '/v1/users/3', headers);
  expect(response.status).toBe(304);
  expect(response.headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN);
});

test.each([
  'https://evil.example',
  'https://console.example.com.evil.example',
  'https://CONSOLE.example.com',
  'http://console.example.com',
  'null',
  '*',
  '',
])('a page of %s may not', async (origin) => {
  const response = await get(withOrigins.current, '/v1/users/3', { Origin: origin });
  expect(response.status).toBe(200);
  expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull();
  expect(response.headers.get('Vary')).toContain('Origin');
});

test('without the setting answers say nothing of origins', async () => {
  const response = await get(without.current, '/v1/users/3', { Origin: ORIGIN });
  expect(response.status).toBe(200);
  expect(corsHeadersOf(response)).toEqual([]);
  expect(response.headers.get('Vary')).toBeNull();
});

test('what varies by host goes on to do so', async () => {
  const response = await get(withOrigins.current, '/v1/context', { Origin: ORIGIN });
  expect(response.headers.get('Vary')).toBe('Host, Origin');
});

test.each(['*', 'null', 'console.example.com', `${ORIGIN}/`, `${ORIGIN}/path`, 'ftp://x', `${ORIGIN}:443`])(
  'CORS_ORIGINS refuses %s',
  (origin) => {
    expect(() => parseSettings({ ...without.current.env, CORS_ORIGINS: origin })).toThrow('CORS_ORIGINS');
  },
);
