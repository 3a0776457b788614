import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { beforeAll, describe, expect, test } from 'vitest';
import { AccountDirectory } from '../../src/rpc/account-directory.ts';
import type { SearchOptions, SearchResults } from '../../src/shapes/rpc.ts';
import { jsonOf } from '../support/http/changes.ts';
import { get, newIsolate, sql, useStack, whileAway } from '../support/stack.ts';

const stack = useStack();
const BOUND = '1234-5678-9012';
const DEFAULT_FOUND = 20;
const MOST_FOUND = 50;

beforeAll(async () => {
  await sql(
    stack.current,
    `insert into accounts (id, account_number, company_name) values
       (100, '7777-1111-2222', 'Acme GmbH'), (102, '7777-1111-4444', 'The Acmeist'), (104, '7777-1111-6666', 'acme')`,
  );
  await sql(
    stack.current,
    `insert into users (id, username, email, first_name)
       select 1000 + n, 'crowd-' || n, 'crowd@mail.test', 'Zoë' from generate_series(1, 60) as n`,
  );
  await sql(stack.current, `insert into user_profiles (user_id, account_id) values (1001, 2)`);
});

async function search(
  q: unknown,
  options?: unknown,
  { env, ...props }: { readonly env?: Env; readonly accountNumber?: string; readonly scopes?: string[] } = {},
): Promise<SearchResults> {
  const scopes = ['directory:read', 'cache:invalidate'];
  const ctx = Object.assign(createExecutionContext(), { props: { name: 'door', scopes, ...props } });
  try {
    const directory = new AccountDirectory(ctx, env ?? stack.current.env);
    return await directory.search(q as string, options as SearchOptions);
  } finally {
    await waitOnExecutionContext(ctx);
  }
}

const idsOf = ({ accounts, users }: SearchResults) => ({
  accounts: accounts.map(({ id }) => id),
  users: users.map(({ id }) => id),
});

test('the best come first', async () => {
  expect(idsOf(await search('acme'))).toEqual({ accounts: [104, 100, 102], users: [] });
});

test.each(['acme', 'zoe', 'crowd-1', 'example.com', 'no such thing'])(
  'the results of %j are those of GET /v1/search, in their order',
  async (q) => {
    const overHttp = await jsonOf(await get(stack.current, `/v1/search?q=${q}`));
    expect(await search(q)).toEqual(overHttp);
  },
);

test('limit bounds each kind', async () => {
  expect((await search('crowd')).users).toHaveLength(DEFAULT_FOUND);
  expect((await search('crowd', { limit: MOST_FOUND })).users).toHaveLength(MOST_FOUND);
  expect(idsOf(await search('acme', { limit: 2 }))).toEqual({ accounts: [104, 100], users: [] });
});

describe('a caller that is bound to an account', () => {
  const bound = async (q: string) => idsOf(await search(q, undefined, { accountNumber: BOUND }));

  test('finds its own account and its members', async () => {
    expect(await bound('stack')).toEqual({ accounts: [2], users: [] });
    expect(await bound('zoe')).toEqual({ accounts: [], users: [1001] });
  });

  test('finds no other, whatever it asks', async () => {
    for (const q of ['acme', 'admin', 'crowd-2', '7777-1111-2222', 'Smarter'])
      expect([q, await bound(q)]).toEqual([q, { accounts: [], users: [] }]);
  });
});

test.each([
  ['no text', undefined, undefined, /^q: /],
  ['a number', 7, undefined, /^q: /],
  ['an empty text', '', undefined, /^q: must have 1 to 255 characters/],
  ['no letter', '%%', undefined, /^q: must have a letter or a digit/],
  ['a control character', 'a\0b', undefined, /^q: must have 1 to 255 characters/],
  ['half a character', 'a\ud800', undefined, /^q: /],
  ['256 characters', 'x'.repeat(256), undefined, /^q: must have 1 to 255 characters/],
  ['eleven words', 'a b c d e f g h i j k', undefined, /^q: must have at most 10 words/],
  ['a limit of 0', 'a', { limit: 0 }, /^options\.limit: /],
  ['a limit of 51', 'a', { limit: 51 }, /^options\.limit: /],
  ['a limit that is a text', 'a', { limit: '5' }, /^options\.limit: /],
  ['a cursor', 'a', { cursor: 'x' }, /^options\.cursor: is no option of a search/],
  ['an unknown option', 'a', { more: 1 }, /^options\.more: is no field/],
  ['a token that is none', 'a', { consistencyToken: 'x' }, /^options\.consistencyToken: is malformed/],
  ['options that are no object', 'a', 'x', /^options: /],
])('%s is a bad request that names the argument', async (_, q, options, message) => {
  await expect(search(q, options)).rejects.toMatchObject({
    code: 'bad_request',
    message: expect.stringMatching(message),
  });
});

test('a Worker without the right finds nothing', async () => {
  await expect(search('acme', undefined, { scopes: ['audit:read'] })).rejects.toMatchObject({
    code: 'forbidden',
  });
});

test('without Postgres no search is answered', async () => {
  const { env } = newIsolate(stack.current);
  await whileAway(stack.current, ['postgres'], () =>
    expect(search('acme', undefined, { env })).rejects.toMatchObject({ code: 'unavailable' }),
  );
});
