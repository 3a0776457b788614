import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { routes } from '../../support/http/routes.ts';
import { send, type TestStack } from '../../support/stack.ts';

/** The pages need no store. */
const stack: TestStack = { url: '', env };

const ask = (accept: string, method = 'GET') => send(stack, '/', { method, headers: { Accept: accept } });

/** The stack with one asset. */
function withAsset(): TestStack {
  const ASSETS = {
    fetch: async ({ url }: Request) =>
      url.endsWith('/docs/start.js')
        ? new Response('start()', { headers: { ETag: '"1"', 'Content-Type': 'text/javascript' } })
        : new Response('none', { status: 404 }),
  };
  return { ...stack, env: { ...env, ASSETS: ASSETS as unknown as Fetcher } };
}

test('/ answers a browser with a page that links what is there', async () => {
  const response = await ask('text/html,application/xhtml+xml,*/*;q=0.8');
  expect(response.status).toBe(200);
  expect(response.headers.get('Content-Type')).toMatch(/^text\/html; charset=utf-8$/i);
  expect(response.headers.get('Vary')).toBe('Accept');
  const links = [...(await response.text()).matchAll(/<a href="([^"]*)"/g)].map(([, target]) => target);
  expect(links).toEqual(['/docs', '/openapi.json', '/healthz', '/readyz']);
  for (const link of links) expect(routes.map(({ path }) => path)).toContain(link);
});

test('its policy admits neither scripts nor styles in the page', async () => {
  const policy = (await ask('text/html')).headers.get('Content-Security-Policy');
  expect(policy).toContain("default-src 'none'; style-src 'self';");
  expect(policy).not.toMatch(/script-src|unsafe|https?:|\*/);
});

test.each(['*/*', 'application/json', ''])(
  '/ answers a program that accepts "%s" with 404',
  async (accept) => {
    const response = await ask(accept);
    expect(response.status).toBe(404);
    expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  },
);

test('no other method has a page', async () => {
  expect((await ask('text/html', 'POST')).status).toBe(404);
});

test('an asset has the headers of every answer, and its own', async () => {
  const response = await send(withAsset(), '/docs/start.js');
  expect(await response.text()).toBe('start()');
  expect(response.headers.get('ETag')).toBe('"1"');
  expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
  expect(response.headers.get('Cross-Origin-Resource-Policy')).toBe('same-origin');
  expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'");
  expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('an asset that is not there is a problem like any other', async () => {
  for (const at of [withAsset(), stack]) {
    const response = await send(at, '/docs/other.js');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'not_found' });
  }
});
