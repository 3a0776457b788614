import { describe, expect, test } from 'vitest';
import { get, newIsolate, send, useStack, whileAway } from '../../support/stack.ts';
import { askRoute, initOf, nameOf, pathOf, routes, useGoodRows } from '../../support/http/routes.ts';

const stack = useStack();
useGoodRows(stack);

function expectSecure({ headers }: Response, resourcePolicy = 'same-origin'): void {
  expect(headers.get('Strict-Transport-Security')).toBe('max-age=31536000');
  expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
  expect(headers.get('X-Frame-Options')).toBe('DENY');
  expect(headers.get('Referrer-Policy')).toBe('no-referrer');
  expect(headers.get('Cross-Origin-Resource-Policy')).toBe(resourcePolicy);
  const policy = headers.get('Content-Security-Policy');
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(headers.get('X-Powered-By')).toBeNull();
  expect(headers.get('Server')).toBeNull();
}

describe.each(routes.map((route) => ({ route, name: nameOf(route) })))('$name', ({ route }) => {
  const path = pathOf(route);

  test('has them on an answer, and on 304', async () => {
    const response = await askRoute(stack.current, route);
    expect(response.ok).toBe(true);
    expectSecure(response);
    const etag = response.headers.get('ETag');
    // Keys have a tag for their changes alone, and no 304.
    if (etag === null || route.method !== 'GET' || route.spec.tagged) return;
    const again = await askRoute(stack.current, route, path, { 'If-None-Match': etag });
    expect(again.status).toBe(304);
    expectSecure(again);
  });

  test('has them on 400, 401 and 405', async () => {
    const and = path.includes('?') ? '&' : '?';
    expectSecure(await askRoute(stack.current, route, `${path}${and}a=1&a=2`));
    expectSecure(await send(stack.current, path, initOf(route)));
    const refused = await get(stack.current, path, {}, 'PROPFIND');
    expect(refused.status).toBe(405);
    expectSecure(refused);
  });
});

test.each(['/nowhere', '/%ZZ', '/v1/users/999', `/?${'a&'.repeat(200)}`])('%s has them', async (path) => {
  expectSecure(await get(stack.current, path));
});

test('an outage has them', async () => {
  const response = await whileAway(stack.current, ['redis', 'postgres'], () =>
    get(newIsolate(stack.current), '/v1/users/3'),
  );
  expect(response.status).toBe(503);
  expectSecure(response);
});

test('a wrong setting has them', async () => {
  const env = { ...stack.current.env, MEMORY_TTL_MS: 'x' };
  const response = await get({ ...stack.current, env }, '/v1/users/3');
  expect(response.status).toBe(500);
  expectSecure(response);
});

test('pages elsewhere may read answers when origins are named', async () => {
  const env = { ...stack.current.env, CORS_ORIGINS: 'https://console.example.com' };
  expectSecure(await get({ ...stack.current, env }, '/v1/users/3'), 'cross-origin');
});
