import { beforeAll, describe, expect, test } from 'vitest';
import { sampled } from '../../support/scale.ts';
import { z } from 'zod';
import { sealCursor } from '../../../src/cursor.ts';
import {
  countRequests,
  drainNow,
  emptyRedis,
  get,
  newIsolate,
  redisKeys,
  sql,
  type TestStack,
  useStack,
  whileAway,
} from '../../support/stack.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { issueKey, withKey } from '../../support/http/issued-keys.ts';
import type { Route } from '../../../src/http/endpoint/registry.ts';
import { askRoute, nameOf as nameOfRoute, pathOf, routes, useGoodRows } from '../../support/http/routes.ts';

const stack = useStack();
useGoodRows(stack);
const Page = z.object({
  items: z.array(z.looseObject({ id: z.number() })),
  nextCursor: z.string().nullable(),
});
type Page = z.infer<typeof Page>;

const NUMBER = '1111-2222-3333';
const MEMBERS = 602;

async function page(path: string, query: string): Promise<Page> {
  return Page.parse(await (await get(stack.current, `${path}${query}`)).json());
}

async function cacheStatusOf(path: string, on: TestStack = stack.current): Promise<string | null> {
  return (await get(on, path)).headers.get('Cache-Status');
}

/** What the list's cursors are made for. */
function nameOf(path: string): string {
  const [, , of, , what] = path.split('/');
  const id = path.split('/')[3] ?? '';
  if (of === 'user-profiles') return `owners-for:${id}`;
  return what === 'users' ? `users-of:${id}` : `profiles-of:${id}`;
}

async function walk(path: string, limit: number): Promise<Page[]> {
  const pages = [await page(path, `?limit=${limit}`)];
  for (let cursor = pages[0]?.nextCursor; cursor; cursor = pages.at(-1)?.nextCursor) {
    pages.push(await page(path, `?limit=${limit}&cursor=${encodeURIComponent(cursor)}`));
  }
  return pages;
}

beforeAll(async () => {
  await sql(
    stack.current,
    `insert into accounts (id, account_number, company_name) values (100, '${NUMBER}', 'Large')`,
  );
  await sql(
    stack.current,
    `with people as (insert into users (id, username, email)
       select n, 'm' || n, 'm' || n || '@example.com' from generate_series(1000, ${1000 + MEMBERS - 1}) as n returning id)
     insert into user_profiles (id, user_id, account_id) select 20000 - id, id, 100 from people`,
  );
});

describe.each([
  [`/v1/accounts/${NUMBER}/users`, 1000],
  [`/v1/accounts/${NUMBER}/user-profiles`, 20000 - 1000 - MEMBERS + 1],
  ['/v1/user-profiles/19000/valid-resource-owners', 20000 - 1000 - MEMBERS + 1],
])('%s', (path, firstId) => {
  const whole = Array.from({ length: MEMBERS }, (_, index) => firstId + index);

  test.each(sampled([7, 100, 301, 500]))('pages of %i make up the whole list, by id', async (limit) => {
    const pages = await walk(path, limit);
    expect(pages.flatMap(({ items }) => items.map(({ id }) => id))).toEqual(whole);
    for (const { items } of pages.slice(0, -1)) expect(items).toHaveLength(limit);
  });

  test('a page of one item leads on to the next', async () => {
    const first = await page(path, '?limit=1');
    const second = await page(path, `?limit=1&cursor=${first.nextCursor}`);
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(whole.slice(0, 2));
  });

  test('a page past the end is empty', async () => {
    const cursor = await sealCursor(stack.current.env, nameOf(path), { key: null, id: 999_999, limit: null });
    expect(await page(path, `?cursor=${cursor}`)).toEqual({ items: [], nextCursor: null });
  });

  test.each(sampled([20, 100, 500]))('pages of %i are kept, from the first to the last', async (limit) => {
    const pages = await walk(path, limit);
    const cursors = [null, ...pages.map(({ nextCursor }) => nextCursor).slice(0, -1)];
    for (const cursor of cursors) {
      const query = `?limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`;
      expect(await cacheStatusOf(`${path}${query}`)).toMatch(/^isolate; hit; ttl=/);
    }
  });

  test.each(sampled([1, 19, 21, 99, 101, 499]))('pages of %i pass the caches by', async (limit) => {
    const isolate = newIsolate(stack.current);
    const act = () => cacheStatusOf(`${path}?limit=${limit}`, isolate);
    for (let asked = 1; asked <= 2; asked++) {
      expect(await countRequests(stack.current, act)).toEqual({ redis: 0, postgres: 1 });
      expect(await act()).toBe('isolate; fwd=bypass');
    }
  });

  test('a page after a cursor of another limit is read past the caches, and so are those after it', async () => {
    const { nextCursor } = await page(path, '?limit=3');
    const second = await page(path, `?limit=100&cursor=${nextCursor}`);
    expect(second.items.map(({ id }) => id)).toEqual(whole.slice(3, 103));
    for (const cursor of [nextCursor, second.nextCursor])
      expect(await cacheStatusOf(`${path}?limit=100&cursor=${cursor}`)).toBe('isolate; fwd=bypass');
  });

  test('what is read past the caches is answered 304 when it is unchanged, and 503 without Postgres', async () => {
    const response = await get(stack.current, `${path}?limit=7`);
    const headers = { 'If-None-Match': response.headers.get('ETag') ?? '' };
    expect((await get(stack.current, `${path}?limit=7`, headers)).status).toBe(304);
    await whileAway(stack.current, ['postgres'], async () => {
      await expectProblem(await get(newIsolate(stack.current), `${path}?limit=7`), 'unavailable');
    });
  });

  test('explain says that a page is read past the caches', async () => {
    const asked = encodeURIComponent(`${path}?limit=7`);
    const { errors } = await expectProblem(
      await get(stack.current, `/v1/explain?path=${asked}`),
      'bad_request',
    );
    expect(errors?.[0]?.detail).toContain('are read past the caches');
    const kept = encodeURIComponent(`${path}?limit=20`);
    expect((await get(stack.current, `/v1/explain?path=${kept}`)).status).toBe(200);
  });

  test('100 is the default limit', async () => {
    expect(await page(path, '')).toEqual(await page(path, '?limit=100'));
    expect((await page(path, '')).items).toHaveLength(100);
  });

  test('a last page that is full has no cursor', async () => {
    const pages = await walk(path, MEMBERS / 2);
    expect(pages.map(({ items }) => items.length)).toEqual([MEMBERS / 2, MEMBERS / 2]);
    expect(pages.at(-1)?.nextCursor).toBeNull();
  });
});

describe('/v1/users/{userId}/accounts', () => {
  const path = '/v1/users/6/accounts';
  const Accounts = z.object({
    items: z.array(z.object({ userProfileId: z.number(), account: z.looseObject({}) })),
    nextCursor: z.string().nullable(),
  });
  const read = async (list = path, on = stack.current) => Accounts.parse(await (await get(on, list)).json());

  test('has each account that the user has a profile in, by the id of the profile', async () => {
    const numbers = ['1234-5678-9012', '3141-5926-5359'];
    const accounts = await Promise.all(
      numbers.map(async (number) => (await get(stack.current, `/v1/accounts/${number}`)).json()),
    );
    const items = [5, 6].map((userProfileId, index) => ({ userProfileId, account: accounts[index] }));
    expect(await read()).toEqual({ items, nextCursor: null });
    const first = await read(`${path}?limit=1`);
    const second = await read(`${path}?limit=1&cursor=${first.nextCursor}`);
    expect([first.items, second]).toEqual([items.slice(0, 1), { items: items.slice(1), nextCursor: null }]);
  });

  /** Inserts two accounts, and a user with a profile in the first of them. */
  const insertMember = async (userId: number, accountId: number) => {
    await sql(
      stack.current,
      `insert into accounts (id, account_number, company_name)
         values (${accountId}, '7777-0000-0${accountId}', 'First'), (${accountId + 1}, '7777-0000-0${accountId + 1}', 'Second')`,
    );
    await sql(
      stack.current,
      `insert into users (id, username, email) values (${userId}, 'u${userId}', 'u${userId}@example.com')`,
    );
    await sql(
      stack.current,
      `insert into user_profiles (id, user_id, account_id) values (${userId}, ${userId}, ${accountId})`,
    );
  };

  test('is kept, answered 304, and ended by a change of one of its accounts or memberships', async () => {
    await insertMember(30001, 301);
    const own = '/v1/users/30001/accounts';
    const isolate = newIsolate(stack.current);
    await read(own, isolate);
    expect(await cacheStatusOf(own, isolate)).toMatch(/^isolate; hit; ttl=/);
    const etag = async () => (await get(isolate, own)).headers.get('ETag') ?? '';
    const before = await etag();
    expect((await get(isolate, own, { 'If-None-Match': before })).status).toBe(304);
    await sql(stack.current, `update accounts set company_name = 'New name' where id = 301`);
    await drainNow(isolate);
    const renamed = await etag();
    expect(renamed).not.toBe(before);
    await sql(
      stack.current,
      `insert into user_profiles (id, user_id, account_id) values (30002, 30001, 302)`,
    );
    await drainNow(isolate);
    const { items } = await read(own, isolate);
    expect(items.map(({ userProfileId }) => userProfileId)).toEqual([30_001, 30_002]);
    expect(await etag()).not.toBe(renamed);
  });

  test('has nothing for a user without accounts, and is not there for one who is unknown', async () => {
    expect(await (await get(stack.current, '/v1/users/5/accounts')).json()).toEqual({
      items: [],
      nextCursor: null,
    });
    await expectProblem(await get(stack.current, '/v1/users/999/accounts'), 'user_does_not_exist');
  });

  test('shows a caller that is bound to an account that account alone, and no user who is not its member', async () => {
    const bound = withKey(await issueKey(stack.current, { accountNumber: '1234-5678-9012' }));
    const account: unknown = await (await get(stack.current, '/v1/accounts/1234-5678-9012')).json();
    const own = { items: [{ userProfileId: 5, account }], nextCursor: null };
    for (const query of ['', '?limit=1', '?limit=7'])
      expect(await (await get(stack.current, `${path}${query}`, bound)).json()).toEqual(own);
    expect((await read()).items).toHaveLength(2);
    for (const stranger of [1, 5, 999]) {
      const response = await get(stack.current, `/v1/users/${stranger}/accounts`, bound);
      await expectProblem(response, 'user_does_not_exist');
    }
  });

  test('is kept for a bound caller, and ended by what its own account changes alone', async () => {
    await insertMember(30011, 311);
    const own = '/v1/users/30011/accounts';
    const bound = withKey(await issueKey(stack.current, { accountNumber: '7777-0000-0311' }));
    const isolate = newIsolate(stack.current);
    await drainNow(isolate);
    const ask = async () => {
      const response = await get(isolate, own, bound);
      return [response.headers.get('Cache-Status')?.replace(/ttl=\d+/, 'ttl'), await response.json()];
    };
    const [, before] = await ask();
    const hit = ['isolate; hit; ttl', before];
    expect(await ask()).toEqual(hit);
    const another = await get(isolate, `${own}?limit=20`, bound);
    expect(another.headers.get('Cache-Status')).toMatch(/^isolate; hit;/);
    await sql(
      stack.current,
      `insert into user_profiles (id, user_id, account_id) values (30012, 30011, 312)`,
    );
    await sql(stack.current, `update accounts set company_name = 'Changed' where id = 312`);
    await drainNow(isolate);
    expect(await ask()).toEqual(hit);
    await sql(stack.current, `update accounts set company_name = 'Renamed' where id = 311`);
    await drainNow(isolate);
    expect(await ask()).toMatchObject([
      expect.stringContaining('fwd='),
      { items: [{ userProfileId: 30_011, account: { companyName: 'Renamed' } }], nextCursor: null },
    ]);
    await sql(stack.current, `delete from user_profiles where id = 30011`);
    await drainNow(isolate);
    await expectProblem(await get(isolate, own, bound), 'user_does_not_exist');
  });

  test('is explained', async () => {
    const response = await get(stack.current, `/v1/explain?path=${encodeURIComponent(path)}`);
    expect(await response.json()).toMatchObject({
      route: '/v1/users/{userId}/accounts',
      key: 'accounts-of:6:0+100',
    });
  });
});

describe('a bound reader', () => {
  const PEOPLE = 60;
  const OWN = '4444-5555-6666';

  test('fills the shared store with no more than a few copies of its lists, whatever it asks for', async () => {
    await sql(
      stack.current,
      `with account as (
         insert into accounts (id, account_number, company_name) values (200, '${OWN}', 'Curious') returning id
       ), people as (
         insert into users (id, username, email)
         select n, 'c' || n, 'c' || n || '@example.com' from generate_series(5001, ${5000 + PEOPLE}) as n returning id
       )
       insert into user_profiles (id, user_id, account_id) select people.id, people.id, account.id from people, account`,
    );
    const isolate = newIsolate(stack.current);
    await emptyRedis(stack.current);
    const headers = withKey(await issueKey(stack.current, { accountNumber: OWN }));
    const paths = [
      `/v1/accounts/${OWN}/users`,
      `/v1/accounts/${OWN}/user-profiles`,
      '/v1/user-profiles/5001/valid-resource-owners',
      '/v1/user-profiles/5060/valid-resource-owners',
    ];
    for (const path of paths) {
      const cursors: (string | null)[] = [null];
      for (const limit of [1, 7, 20, 21, 30, 59, 100, 500]) {
        const first = await get(isolate, `${path}?limit=${limit}`, headers);
        cursors.push(Page.parse(await first.json()).nextCursor);
      }
      for (const cursor of cursors.filter((one) => one !== null)) {
        for (const limit of [19, 20, 100, 500]) {
          const response = await get(isolate, `${path}?limit=${limit}&cursor=${cursor}`, headers);
          expect(response.status).toBe(200);
          expect(Page.parse(await response.json()).items.length).toBeLessThanOrEqual(limit);
        }
      }
    }
    const kept = (await redisKeys(stack.current, 'entry:')).filter((key) => /(?:-of|owners-for):/.test(key));
    // The first page of 20 and the one after it, and the list whole under the limits 100 and 500; of owners none.
    expect(kept.filter((key) => key.includes('owners-for:'))).toEqual([]);
    expect(kept).toHaveLength(2 * 4);
  });

  test('shares who may own its resources while they are few', async () => {
    const path = '/v1/user-profiles/3/valid-resource-owners';
    const headers = withKey(await issueKey(stack.current, { accountNumber: '1234-5678-9012' }));
    await get(newIsolate(stack.current), path, headers);
    const again = await get(newIsolate(stack.current), path, headers);
    expect(again.headers.get('Cache-Status')).toMatch(/^redis; hit;/);
  });
});

/** What the route hears of a good request. */
function inputOf(route: Route) {
  const url = new URL(pathOf(route), 'http://127.0.0.1');
  const names = route.path
    .split('/')
    .flatMap((part, at) => (part.startsWith(':') ? [[part.slice(1), at]] : []));
  const param = Object.fromEntries(names.map(([name, at]) => [name, url.pathname.split('/')[Number(at)]]));
  const query = Object.fromEntries(url.searchParams);
  return {
    param: route.spec.path?.parse(param) ?? {},
    query: route.spec.query?.parse(query) ?? {},
    accountNumber: null,
  };
}

/** Of the lists that have other keys than ids. */
const keys: Readonly<Record<string, string>> = {
  'GET /v1/accounts': 'Smarter',
  'GET /v1/audit': '2026-01-02T00:00:00.000000Z',
  'GET /v1/deletions': '2026-01-02T00:00:00.000000Z',
  'GET /v1/users': 'johndoe',
};

const listRoutes = routes.filter(({ spec }) => 'cursor' in (spec.query?.shape ?? {}));

test('there are seven lists', () => {
  expect(listRoutes.length).toBeGreaterThanOrEqual(7);
});

test.each(listRoutes.map((route) => ({ route, name: nameOfRoute(route) })))(
  '$name takes no cursor but its own',
  async ({ route }) => {
    const path = `${pathOf(route)}&cursor=`;
    const ask = (cursor: string) => askRoute(stack.current, route, `${path}${cursor}`);
    const own = route.spec.list?.(inputOf(route)) ?? '';
    const position = { key: keys[nameOfRoute(route)] ?? null, id: 5, limit: null };
    const { env } = stack.current;
    const good = await sealCursor(env, own, position);
    expect((await ask(good)).status).toBe(200);
    const changed = (at: number) =>
      `${good.slice(0, at)}${good[at] === 'A' ? 'B' : 'A'}${good.slice(at + 1)}`;
    const others = [
      btoa('after:5').replaceAll('=', ''),
      btoa(JSON.stringify([null, 5, null])),
      good.slice(0, -22),
      good.slice(0, -1),
      `${good}A`,
      `${good}=`,
      changed(3),
      changed(good.length - 1),
      changed(good.length - 22),
      await sealCursor(env, `${own} `, position),
      await sealCursor({ ...env, ENTRY_SECRET: 'x'.repeat(32) }, own, position),
    ];
    for (const cursor of others) {
      const { errors } = await expectProblem(await ask(cursor), 'bad_request');
      expect(errors).toEqual([{ in: 'query', name: 'cursor', detail: 'is no cursor of this list' }]);
    }
  },
);
