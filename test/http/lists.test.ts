import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { get, sql, useStack } from '../stack.ts';

const stack = useStack();
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

  test.each([7, 100, 301, 500])('pages of %i make up the whole list, by id', async (limit) => {
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
    const cursor = btoa('after:999999').replaceAll('=', '');
    expect(await page(path, `?cursor=${cursor}`)).toEqual({ items: [], nextCursor: null });
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
