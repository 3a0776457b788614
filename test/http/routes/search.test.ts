import { beforeAll, describe, expect, test } from 'vitest';
import { issueKey } from '../../support/http/issued-keys.ts';
import { jsonOf } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { get, sql, useStack } from '../../support/stack.ts';

const stack = useStack();
const BOUND = '1234-5678-9012';

beforeAll(async () => {
  await sql(
    stack.current,
    `insert into accounts (id, account_number, company_name, external_id) values
       (100, '7777-1111-2222', 'Acme GmbH', 'crm/77'), (101, '7777-1111-3333', 'Émile & Łukasz Söhne', null),
       (102, '7777-1111-4444', 'The Acmeist', null), (103, '7777-1111-5555', 'Macmes', null), (104, '7777-1111-6666', 'acme', null)`,
  );
  await sql(
    stack.current,
    `insert into users (id, username, email, first_name, last_name, external_id) values
       (100, 'zoe', 'zoe.d@mail.test', 'Zoë', 'Müller-Lüdenscheidt', 'HR_100%'), (101, 'ÉCLAIR', 'chou@mail.test', '', '', null),
       (102, 'привет', 'x@mail.test', 'Straße', 'Ørsted', null), (103, 'under_score', 'y@mail.test', '', '', null)`,
  );
  await sql(stack.current, `insert into user_profiles (user_id, account_id) values (100, 2)`);
});

interface Results {
  readonly accounts: readonly { readonly id: number }[];
  readonly users: readonly { readonly id: number }[];
}

async function search(q: string, rest = '', headers = {}): Promise<[number[], number[]]> {
  const response = await get(stack.current, `/v1/search?q=${encodeURIComponent(q)}${rest}`, headers);
  const { accounts, users } = (await jsonOf(response)) as unknown as Results;
  return [accounts.map(({ id }) => id), users.map(({ id }) => id)];
}

test.each<[string, number[], number[]]>([
  ['acme', [104, 100, 102, 103], []],
  ['ACME gmbh', [100], []],
  ['gmbh acme', [100], []],
  ['ac', [104, 100, 102], []],
  ['cme', [104, 100, 103, 102], []],
  ['me', [], []],
  ['emile', [101], []],
  ['ÉMILE łukasz', [101], []],
  ['sohne', [101], []],
  ['7777-1111-2222', [100], []],
  ['777711112222', [100], []],
  ['1111-33', [101], []],
  ['crm/77', [100], []],
  ['eclair', [], [101]],
  ['E\u0301CLAIR', [], [101]],
  ['zoe.d@MAIL', [], [100]],
  ['mail.test zoe', [], [100]],
  ['muller', [], [100]],
  ['ludensch', [], [100]],
  ['zoe muller', [], [100]],
  ['hr_100%', [], [100]],
  ['strasse', [], [102]],
  ['Orsted', [], [102]],
  ['ПРИВ', [], [102]],
  ['riv', [], []],
  ['score', [], [103]],
  ['sc', [], [103]],
  ['d@m', [], [100]],
  ['z', [], [100]],
  ['no such thing', [], []],
])('%j finds the accounts %j and the users %j', async (q, accounts, users) => {
  expect(await search(q)).toEqual([accounts, users]);
});

test.each([
  '%',
  '_',
  '%%%',
  'a%',
  'a_c',
  String.raw`a\c`,
  'acme%',
  "'; drop table users; --x",
  'a*',
  '(a|b)',
])('the pattern %j means itself', async (q) => {
  if (/[a-z]/.test(q)) expect(await search(q)).toEqual([[], []]);
  else await expectProblem(await get(stack.current, `/v1/search?q=${encodeURIComponent(q)}`), 'bad_request');
});

test('a result is what its own route answers', async () => {
  const found = (await jsonOf(await get(stack.current, '/v1/search?q=zoe'))) as unknown as Results;
  expect(found.users[0]).toEqual(await jsonOf(await get(stack.current, '/v1/users/100')));
});

test('limit bounds each kind, and the best come first', async () => {
  expect(await search('acme', '&limit=2')).toEqual([[104, 100], []]);
  expect((await search('example.com', '&limit=1'))[1]).toHaveLength(1);
});

test('a repetition is 304 until something changes', async () => {
  const path = '/v1/search?q=under_score';
  const etag = (await get(stack.current, path)).headers.get('ETag') ?? '';
  expect((await get(stack.current, path, { 'If-None-Match': etag })).status).toBe(304);
  await sql(stack.current, `update users set first_name = 'Una' where id = 103`);
  expect((await get(stack.current, path, { 'If-None-Match': etag })).status).toBe(200);
});

test('what trigrams find beyond the first rows, and what is exact beyond a frequent term, is found too', async () => {
  await sql(
    stack.current,
    `insert into accounts (id, account_number, company_name)
       select 1000 + n, to_char(n, 'FM8888"-"0000"-"') || to_char(n, 'FM0000'), 'Frequent ' || n from generate_series(1, 2100) as n;
     insert into accounts (id, account_number, company_name, external_id) values
       (9001, '8888-9999-0001', 'Rarissimus', null), (9002, '8888-9999-0002', 'Frequent', null),
       (9003, '8888-9999-0003', 'Frequent last', 'frequent')`,
  );
  expect(await search('rissim')).toEqual([[9001], []]);
  const [frequent] = await search('frequent', '&limit=3');
  expect(frequent.slice(0, 2).toSorted()).toEqual([9002, 9003]);
});

describe('a caller that is bound to an account', () => {
  const bound = async (q: string) => {
    const { key } = await issueKey(stack.current, { accountNumber: BOUND });
    return search(q, '', { Authorization: `Bearer ${key}` });
  };

  test('finds its own account and members', async () => {
    expect(await bound('stack')).toEqual([[2], []]);
    expect(await bound('zo')).toEqual([[], [100]]);
    expect((await bound('example.com'))[1].toSorted()).toEqual([3, 4, 6]);
  });

  test('finds no other, whatever it asks', async () => {
    for (const q of ['acme', 'eclair', 'admin', '7777-1111-2222', 'crm/77', 'Smarter'])
      expect(await bound(q)).toEqual([[], []]);
  });
});

test('every fault is listed', async () => {
  const names = async (query: string) => {
    const { errors } = await expectProblem(await get(stack.current, `/v1/search?${query}`), 'bad_request');
    return (errors as { name: string }[]).map(({ name }) => name).toSorted();
  };
  expect(await names('q=&limit=0&more=1')).toEqual(['limit', 'more', 'q']);
  for (const limit of ['51', 'x', '-1', '1.5', ''])
    expect(await names(`q=a&limit=${limit}`)).toEqual(['limit']);
  for (const q of [
    '',
    '%20',
    '%00',
    'a%00b',
    'a%0Ab',
    '---',
    'x'.repeat(256),
    'a%20b%20c%20d%20e%20f%20g%20h%20i%20j%20k',
  ])
    expect([q, await names(`q=${q}`)]).toEqual([q, ['q']]);
  expect(await names('limit=5')).toEqual(['q']);
});
