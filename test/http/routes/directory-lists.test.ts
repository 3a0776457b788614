import { createExecutionContext } from 'cloudflare:test';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { makeDeps } from '../../../src/deps.ts';
import { ROOT } from '../../../src/directory/caller.ts';
import type { Subject } from '../../../src/directory/subject.ts';
import { requireVisible } from '../../../src/directory/visibility.ts';
import { change, create, jsonOf } from '../../support/http/changes.ts';
import { sampled } from '../../support/scale.ts';
import { countRequests, get, newIsolate, sql, useStack, whileAway } from '../../support/stack.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { nameOf, routes } from '../../support/http/routes.ts';
import { dormant, empty, smarter, stackademy } from '../../support/http/seed.ts';

const stack = useStack();
const Item = z.looseObject({ id: z.number(), isActive: z.boolean() });
const Page = z.object({ items: z.array(Item), nextCursor: z.string().nullable() });
type Item = z.infer<typeof Item>;
type Query = Readonly<Record<string, string>>;

/** What stands before, in and after every kind of text, where bytes, code points and UTF-16 differ. */
const ODD_PARTS = ['%', '_', '\\', 'é', '\ud7ff', '\ue000', '\uffff', '\u{1f600}', '\u{10ffff}'];
const PARTS = ['A', 'a', 'aa', 'z', ...sampled(ODD_PARTS, 4)];
const TEXTS = [...new Set(PARTS.flatMap((one) => [one, ...PARTS.map((other) => one + other)]))];
const LONG = 'long'.repeat(80);

const search = (query: Query) => new URLSearchParams(query).toString();

async function page(path: string, query: Query): Promise<z.infer<typeof Page>> {
  return Page.parse(await jsonOf(await get(stack.current, `${path}?${search(query)}`)));
}

async function walk(path: string, query: Query): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const next: z.infer<typeof Page> = await page(path, { ...query, ...(cursor && { cursor }) });
    expect(next.items.length).toBeLessThanOrEqual(Number(query['limit'] ?? 100));
    items.push(...next.items);
    cursor = next.nextCursor;
  }
  return items;
}

function compareBytes(one: string, other: string): number {
  const [a, b] = [new TextEncoder().encode(one), new TextEncoder().encode(other)];
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at < 0 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
}

/** The texts as lists are ordered by them. */
async function foldAll(texts: readonly string[]): Promise<string[]> {
  const rows = await sql<{ key: string }>(
    stack.current,
    `select listed_text(text) as key from jsonb_array_elements_text($1::jsonb) with ordinality as t (text, n) order by n`,
    JSON.stringify(texts),
  );
  return rows.map(({ key }) => key);
}

beforeAll(async () => {
  const numbered = TEXTS.map((text, index) => ({ text, index }));
  await sql(
    stack.current,
    `insert into users (username, email, is_active)
       select t ->> 'text', left(t ->> 'text', 1), (t ->> 'index')::int % 3 > 0 from jsonb_array_elements($1::jsonb) as t
     on conflict (username_compared) do nothing`,
    JSON.stringify(numbered),
  );
  await sql(
    stack.current,
    `insert into accounts (account_number, company_name, is_active)
       select to_char((t ->> 'index')::int, 'FM0000-0000-0000'), t ->> 'text', (t ->> 'index')::int % 3 > 0
       from jsonb_array_elements($1::jsonb) as t`,
    JSON.stringify(numbered),
  );
  await sql(
    stack.current,
    `insert into users (username, email) select 'long' || n, $1 || n from generate_series(1, 9) as n`,
    LONG,
  );
});

describe.each([
  { path: '/v1/users', prefixes: { usernamePrefix: 'username', emailPrefix: 'email' }, table: 'users' },
  { path: '/v1/accounts', prefixes: { companyNamePrefix: 'companyName' }, table: 'accounts' },
])('$path', ({ path, prefixes, table }) => {
  const ids = async (where = 'true') =>
    (await sql<{ id: string }>(stack.current, `select id from ${table} where ${where} order by id`)).map(
      ({ id }) => Number(id),
    );

  test.each([
    [{}, 'true'],
    [{ isActive: 'true' }, 'is_active'],
    [{ isActive: 'false' }, 'not is_active'],
  ])('with %j pages make up the whole list, by id', async (query, where) => {
    const whole = await ids(where);
    expect(whole.length).toBeGreaterThan(0);
    for (const limit of sampled(['1', '7', '100', '500'])) {
      expect((await walk(path, { ...query, limit })).map(({ id }) => id)).toEqual(whole);
    }
    expect((await page(path, query)).items).toHaveLength(Math.min(100, whole.length));
  });

  for (const [parameter, field] of Object.entries(prefixes)) {
    const texts = ['', ...PARTS, 'a%', 'aaa', '\\%', '\u{10ffff}\u{10ffff}', "';--", 'no such text'];
    test.each(sampled(texts, 3))(
      `${parameter}=%j gives what begins so without case and accents, in the order of bytes`,
      async (prefix) => {
        const all = await walk(path, { limit: '500' });
        const keys = await foldAll(all.map((item) => String(item[field])));
        const [sought = ''] = await foldAll([prefix]);
        const wanted = all
          .map((item, at) => ({ item, key: keys[at] ?? '' }))
          .filter(({ key }) => key.startsWith(sought))
          .sort((a, b) => compareBytes(a.key, b.key) || a.item.id - b.item.id)
          .map(({ item }) => item);
        for (const isActive of [undefined, true, false]) {
          const half = wanted.filter((item) => isActive === undefined || item.isActive === isActive);
          const filters = { [parameter]: prefix, ...(isActive !== undefined && { isActive: `${isActive}` }) };
          for (const limit of sampled(['5', '50', '500']))
            expect(await walk(path, { ...filters, limit })).toEqual(half);
        }
      },
    );
  }

  test('a page is not moved by what comes and goes before it', async () => {
    const queries: Query[] = [{}, { [Object.keys(prefixes)[0] ?? '']: 'z' }];
    for (const [n, query] of queries.entries()) {
      const whole = (await walk(path, query)).map(({ id }) => id);
      const first = await page(path, { ...query, limit: '4' });
      const [a, b, , last] = first.items.map(({ id }) => id);
      const rows = await sql<{ id: string }>(
        stack.current,
        table === 'users'
          ? `insert into users (username, email) values ('z!', ''), ('zzz', '') returning id`
          : `insert into accounts (account_number, company_name) values ('9999-000${n}-0001', 'z!'), ('9999-000${n}-0002', 'zzz') returning id`,
      );
      await sql(stack.current, `delete from ${table} where id in (${a}, ${b}, ${last}) and id > 10`);
      const rest = await walk(path, { ...query, limit: '4', cursor: first.nextCursor ?? '' });
      const comers = rows.map(({ id }) => Number(id));
      const after = rest.map(({ id }) => id);
      expect(after.filter((id) => !comers.includes(id))).toEqual(whole.slice(4));
      // What comes behind the page is in it: by id both, by text the greater one.
      expect(comers.filter((id) => after.includes(id))).toEqual(
        Object.keys(query).length > 0 ? comers.slice(1) : comers,
      );
      await sql(stack.current, `delete from ${table} where id in (${comers.join()})`);
    }
  });

  test('a cursor is one of its list and its filters only', async () => {
    const [parameter = ''] = Object.keys(prefixes);
    const queries: Query[] = [
      {},
      { isActive: 'true' },
      { isActive: 'false' },
      { [parameter]: '' },
      { [parameter]: 'a' },
      { [parameter]: 'aa' },
      { [parameter]: 'z' },
      { [parameter]: 'a', isActive: 'true' },
    ];
    for (const query of queries) {
      const { nextCursor } = await page(path, { ...query, limit: '1' });
      const cursor = nextCursor ?? '';
      expect(cursor).toMatch(/^[\w-]+$/);
      for (const other of queries.filter((one) => one !== query)) {
        // A greater limit belongs to no list.
        const response = await get(stack.current, `${path}?${search({ ...other, cursor, limit: '2' })}`);
        const { errors } = await expectProblem(response, 'bad_request');
        expect(errors).toEqual([{ in: 'query', name: 'cursor', detail: 'is no cursor of this list' }]);
      }
      expect((await page(path, { ...query, cursor, limit: '2' })).items.length).toBeGreaterThan(0);
    }
  });

  test('has an entity tag and 304, is asked of Postgres each time, and says so', async () => {
    const asked = `${path}?limit=3`;
    const response = await get(stack.current, asked);
    expect(response.headers.get('Cache-Control')).toBe('private, no-cache');
    expect(response.headers.get('Cache-Status')).toBe('isolate; fwd=bypass');
    expect(response.headers.get('Server-Timing')).toMatch(/^postgres;dur=\d+$/);
    const etag = response.headers.get('ETag') ?? '';
    const same = await get(stack.current, asked, { 'If-None-Match': etag });
    expect([same.status, await same.text(), same.headers.get('ETag')]).toEqual([304, '', etag]);
    expect((await get(stack.current, asked, {}, 'HEAD')).headers.get('ETag')).toBe(etag);
    await sql(stack.current, `update ${table} set revision = 0 where id = 2`);
    expect((await get(stack.current, asked, { 'If-None-Match': etag })).status).toBe(200);
    expect(await countRequests(stack.current, () => get(stack.current, asked))).toEqual({
      redis: 0,
      postgres: 1,
    });
  });

  test('is 503 without Postgres, and there without Redis', async () => {
    const without = (store: 'redis' | 'postgres') =>
      whileAway(stack.current, [store], () => get(stack.current, path));
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
    const response = await without('postgres');
    expect(errors.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown)).toEqual([
      { level: 'error', event: 'origin_failed', error: expect.any(String), requestId: expect.any(String) },
    ]);
    errors.mockRestore();
    expect(response.headers.get('Retry-After')).toMatch(/^\d+$/);
    await expectProblem(response, 'unavailable');
    expect((await without('redis')).status).toBe(200);
  });
});

const uncached = routes
  .filter(({ spec }) => spec.uncached && spec.list)
  .map((route) => ({ route, name: nameOf(route) }));

test('the lists are three', () => {
  expect(uncached.map(({ name }) => name).toSorted()).toEqual([
    'GET /v1/accounts',
    'GET /v1/audit',
    'GET /v1/users',
  ]);
});

const ofAll = uncached.filter(({ name }) => name !== 'GET /v1/audit');

test.each(ofAll)('$name is not for callers that are bound to an account', async ({ route }) => {
  const deps = makeDeps(stack.current.env, createExecutionContext());
  const bound = { ...ROOT, accountNumber: '3141-5926-5359' };
  const nothing = { param: {}, query: {}, json: undefined, url: '', env: {}, accountNumber: null };
  const subject = route.spec.subject?.(nothing) as Subject;
  await expect(requireVisible(deps, bound, subject)).rejects.toMatchObject({ code: 'forbidden' });
  await requireVisible(deps, ROOT, subject);
});

test('texts longer than the order looks at are listed once each', async () => {
  const whole = await walk('/v1/users', { emailPrefix: 'longlong', limit: '2' });
  expect(whole.map(({ username }) => username)).toEqual(
    Array.from({ length: 9 }, (_, index) => `long${index + 1}`),
  );
});

test('all accounts of the seed are there as they are elsewhere', async () => {
  const { items } = await page('/v1/accounts', { limit: '4' });
  expect(items.slice(0, 4)).toEqual([
    { ...smarter },
    { ...stackademy, revision: expect.any(Number) },
    empty,
    dormant,
  ]);
});

test.each(['/v1/users', '/v1/accounts'])('a last page of %s that is full has no cursor', async (path) => {
  const { items } = await page(path, { limit: '500' });
  const full = await page(path, { limit: String(items.length) });
  expect(full).toEqual({ items, nextCursor: null });
  const one = await page(path, { limit: String(items.length - 1) });
  expect(one.nextCursor).not.toBeNull();
});

test('two filters by text at once are 400, and all are named', async () => {
  const response = await get(stack.current, '/v1/users?usernamePrefix=a&emailPrefix=b&limit=0');
  const { errors = [] } = await expectProblem(response, 'bad_request');
  const names = ['email', 'emailPrefix', 'limit', 'usernamePrefix'];
  expect(errors.map(({ name }) => name).toSorted()).toEqual(names);
});

test('email is exact but for case, and pages through all who have it', async () => {
  await sql(
    stack.current,
    `insert into users (id, username, email) values (9101, 'e1', 'José@X.test'), (9102, 'e2', 'jose@x.test'),
       (9103, 'e3', 'JOSÉ@x.TEST'), (9104, 'e4', 'josé@x.test.org')`,
  );
  const idsOf = async (email: string) => (await walk('/v1/users', { email, limit: '1' })).map(({ id }) => id);
  expect(await idsOf('josé@x.test')).toEqual([9101, 9103]);
  expect(await idsOf('JOSE@X.TEST')).toEqual([9102]);
  expect(await idsOf('jose@x')).toEqual([]);
  await sql(stack.current, 'delete from users where id between 9101 and 9104');
});

test.each([
  ['Émile', 'emile'],
  ['ÅNGSTRÖM ', 'angstrom '],
  [' a  b', ' a b'],
  ['a\u00a0 é', 'a e'],
  ['Straße', 'strasse'],
  ['ŁÓDŹ', 'lodz'],
  ['Ærøskøbing', 'aeroskobing'],
  ['ﬁnance', 'finance'],
  ['ΣΊΣΥΦΟΣ', 'σισυφοσ'],
  ['ПРИВЕТ', 'привет'],
  ['İstanbul', 'istanbul'],
  ['\u0301', ''],
  ['', ''],
])('%j is listed under %j', async (text, key) => {
  expect(await foldAll([text])).toEqual([key]);
});

test('whoever has written finds it in the list, in whatever isolate', async () => {
  const made = await create(stack.current, '/v1/accounts', { companyName: 'Fresh Ltd' });
  const token = made.headers.get('Consistency-Token') ?? '';
  const path = '/v1/accounts?companyNamePrefix=Fresh';
  const listed = await get(newIsolate(stack.current), path, { 'Consistency-Token': token });
  const account = await jsonOf(made);
  expect(await listed.json()).toEqual({ items: [account], nextCursor: null });
  const gone = await change(stack.current, 'DELETE', `/v1/accounts/${account['accountNumber']}`, undefined, {
    'If-Match': '*',
  });
  expect(gone.status).toBe(200);
  expect(await (await get(stack.current, path)).json()).toEqual({ items: [], nextCursor: null });
});

test('a cursor is good with the filters that it came with, and no others', async () => {
  const paths = [
    '/v1/users?limit=1',
    '/v1/users?limit=1&isActive=true',
    '/v1/users?limit=1&isActive=false',
    '/v1/users?limit=1&usernamePrefix=',
    '/v1/users?limit=1&usernamePrefix=j',
    '/v1/users?limit=1&emailPrefix=',
    '/v1/users?limit=1&emailPrefix=j',
    '/v1/accounts?limit=1',
    '/v1/accounts?limit=1&companyNamePrefix=',
  ];
  for (const path of paths) {
    const { nextCursor } = await jsonOf(await get(stack.current, path));
    for (const other of paths) {
      const { status } = await get(stack.current, `${other}&cursor=${String(nextCursor)}`);
      expect({ path, other, status }).toEqual({ path, other, status: path === other ? 200 : 400 });
    }
  }
});
