import { describe, expect, test } from 'vitest';
import { get, send, sql, useStack } from '../../support/stack.ts';
import { lookUps } from '../../support/http/seed.ts';

const stack = useStack();
const context = 'http://hr.1234-5678-9012.api.localhost:8787/v1/context';
const paths = [...lookUps.map(({ path }) => path), context];
/** A first answer from the stores, one that is kept as text, and one of that text. */
const TIMES = 3;

async function askOften(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const answers: { status: number; headers: Record<string, string>; body: string }[] = [];
  for (let n = 0; n < TIMES; n++) {
    const response = await get(stack.current, path, headers, method);
    answers.push({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    });
  }
  return answers;
}

/** All but what is of one request. */
function lasting({ status, headers, body }: Awaited<ReturnType<typeof askOften>>[number]) {
  const {
    'x-request-id': requestId,
    'cache-status': cacheStatus,
    'server-timing': timing,
    ...others
  } = headers;
  expect([requestId, cacheStatus, timing]).toEqual([
    expect.any(String),
    expect.any(String),
    expect.any(String),
  ]);
  return { status, headers: others, body };
}

describe.each(paths)('%s', (path) => {
  test('answers the same, header by header, from the stores, from memory and from kept text', async () => {
    const [first, ...others] = (await askOften(path)).map(lasting);
    expect(first?.status).toBe(200);
    for (const other of others) expect(other).toEqual(first);
  });

  test('answers what was changed, and under another tag, after it was kept as text', async () => {
    const kept = (await askOften(path)).at(-1);
    await sql(stack.current, `update users set first_name = first_name || 'x'`);
    await sql(stack.current, `update accounts set city = city || 'x'`);
    const changed = await get(stack.current, path, { 'Cache-Control': 'no-cache' });
    const body = await changed.text();
    expect(body).not.toBe(kept?.body);
    expect(changed.headers.get('ETag')).not.toBe(kept?.headers['etag']);
    const again = (await askOften(path, { 'If-None-Match': kept?.headers['etag'] ?? '' })).at(-1);
    expect(again).toMatchObject({ status: 200, body });
  });
});

test.each([
  '/v1/users/x',
  '/v1/accounts/1',
  '/v1/users/0/account',
  '/v1/user-profiles/1.5/valid-resource-owners',
])('%s is refused however often it is asked', async (path) => {
  const answers = await askOften(path);
  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400]);
  expect(answers.every(({ body }) => body.includes('errors'))).toBe(true);
});

test('a path that was answered is refused with a query that is wrong, and answered without again', async () => {
  const path = '/v1/accounts/1234-5678-9012/users';
  const ofAll = (await askOften(path)).at(-1);
  expect((await get(stack.current, `${path}?limit=0`)).status).toBe(400);
  const one: { items: unknown[] } = await (await get(stack.current, `${path}?limit=1`)).json();
  expect(one.items).toHaveLength(1);
  expect((await askOften(`${path}?`)).at(-1)?.body).toBe(ofAll?.body);
  expect((await askOften(path)).at(-1)?.body).toBe(ofAll?.body);
});

test('a path that was answered is asked for anew by each method', async () => {
  const path = '/v1/accounts/1234-5678-9012/admin-user';
  const known = (await askOften(path)).at(-1);
  const put = await askOften(path, {}, 'PUT');
  expect(put.map(({ status, body }) => [status, body])).toEqual(put.map(() => [200, known?.body]));
  const methods = ['HEAD', 'POST', 'GET', 'DELETE', 'PROPFIND', 'GET'];
  const statuses = [];
  for (const method of methods) statuses.push((await get(stack.current, path, {}, method)).status);
  expect(statuses).toEqual([200, 405, 200, 405, 405, 200]);
});

test('a path that was answered is refused without a key', async () => {
  await askOften('/v1/users/3');
  expect((await send(stack.current, '/v1/users/3')).status).toBe(401);
});

test('however a path is encoded, it names the same, and its names are told apart', async () => {
  const names = ['a/b', 'a%2Fb', 'a b', 'a+b', 'ä'];
  const encoded = names.map((name) => `/v1/users/by-username/${encodeURIComponent(name)}`);
  for (const name of names) {
    await sql(stack.current, `insert into users (username, email) values ($1, 'x@example.com')`, name);
  }
  for (let n = 0; n < TIMES; n++) {
    for (const [at, path] of encoded.entries()) {
      expect(await (await get(stack.current, path)).json()).toMatchObject({ username: names[at] });
    }
  }
  const spelled = ['/v1/users/%33', '/v1/%75sers/3', '/v1/users/3'];
  for (const path of [...spelled, ...spelled]) {
    expect(await (await get(stack.current, path)).json()).toMatchObject({ id: 3 });
  }
});
