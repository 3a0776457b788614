import { describe, expect, test } from 'vitest';
import { get, send, useStack } from '../../support/stack.ts';
import { lookUps } from '../../support/http/seed.ts';

const stack = useStack();
const open = ['/v1/account-number?url=x', '/healthz', '/readyz', '/openapi.json', '/docs'];
const context = 'http://hr.1234-5678-9012.api.localhost:8787/v1/context';
const paths = [...lookUps.map(({ path }) => path), context];

describe.each(paths)('%s', (path) => {
  test('answers JSON that only its reader may keep, and only to ask again', async () => {
    const { headers } = await get(stack.current, path);
    expect(headers.get('Content-Type')).toBe('application/json');
    expect(headers.get('Cache-Control')).toBe('private, no-cache');
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('Server-Timing')).toMatch(/^isolate;dur=\d+(, redis;dur=\d+)?(, postgres;dur=\d+)?$/);
  });

  test('answers HEAD like GET, without the body', async () => {
    const ofGet = await get(stack.current, path);
    const ofHead = await get(stack.current, path, {}, 'HEAD');
    expect(ofHead.status).toBe(200);
    expect(await ofHead.text()).toBe('');
    for (const name of ['Content-Type', 'Cache-Control', 'ETag', 'Vary']) {
      expect(ofHead.headers.get(name)).toBe(ofGet.headers.get(name));
    }
    expect(ofHead.headers.get('Cache-Status')).toMatch(/^isolate; hit; ttl=\d+$/);
  });
});

test('HEAD of what is absent is 404 without a body', async () => {
  const response = await get(stack.current, '/v1/users/999', {}, 'HEAD');
  expect(response.status).toBe(404);
  expect(await response.text()).toBe('');
});

test('every answer has a request id of its own, whatever its status', async () => {
  const asked = [...paths, ...open, '/v1/users/999', '/v1/users/x', '/nowhere', '/%ZZ'];
  const ids = new Set<string | null>();
  for (const path of asked) ids.add((await get(stack.current, path)).headers.get('X-Request-Id'));
  expect(ids.size).toBe(asked.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});

test.each(open)('%s needs no key', async (path) => {
  expect((await send(stack.current, path)).status).toBe(200);
});

test('the tiers asked are timed, and no other', async () => {
  const timing = async (cacheControl: string) =>
    (await get(stack.current, '/v1/users/4', { 'Cache-Control': cacheControl })).headers.get('Server-Timing');
  expect(await timing('no-cache')).toMatch(/^isolate;dur=\d+, redis;dur=\d+, postgres;dur=\d+$/);
  expect(await timing('max-age=0')).toMatch(/^isolate;dur=\d+, redis;dur=\d+$/);
  expect(await timing('')).toMatch(/^isolate;dur=\d+$/);
});
