import { expect, test } from 'vitest';
import { countRequests, get, newIsolate, sql, useStack } from '../../support/stack.ts';
import { create } from '../../support/http/changes.ts';
import { expectProblem } from '../../support/http/problem.ts';

interface Item {
  readonly status: number;
  readonly user?: { readonly id: number; readonly username: string };
  readonly problem?: { readonly code: string; readonly errors?: readonly { readonly name: string }[] };
}

const stack = useStack();
const email = 'batch@example.com';

const post = (users: unknown, headers = {}) => create(stack.current, '/v1/users/batch', { users }, headers);

async function itemsOf(response: Response): Promise<Item[]> {
  expect(response.status).toBe(200);
  const { items }: { items: Item[] } = await response.json();
  return items;
}

const rowsNamed = (prefix: string) =>
  sql(
    stack.current,
    `select u.username, u.first_name, p.account_id from users as u left join user_profiles as p on p.user_id = u.id
     where u.username like $1 order by u.username`,
    `${prefix}%`,
  );

test('each row is made whole or not at all, and the answer says which, in order', async () => {
  const items = await itemsOf(
    await post([
      { username: 'row-d', email, accountNumber: '2718-2818-2845' },
      { username: 'row-a', email },
      { username: 'johndoe', email, accountNumber: '2718-2818-2845' },
      { username: 'row-c', email, accountNumber: '0000-0000-0000' },
      { username: 'row-b', email, accountNumber: '1234-5678-9012', isStaff: true },
      { username: 'johndoe', email, accountNumber: '0000-0000-0000' },
    ]),
  );
  expect(items).toMatchObject([
    { status: 201, user: { username: 'row-d', revision: 1 } },
    { status: 201, user: { username: 'row-a', isActive: true, lastLogin: null } },
    { status: 409, problem: { code: 'username_taken', status: 409 } },
    { status: 404, problem: { code: 'account_does_not_exist', status: 404 } },
    { status: 201, user: { username: 'row-b', isStaff: true } },
    { status: 404, problem: { code: 'account_does_not_exist' } },
  ]);
  expect(items[2]?.problem).toEqual({
    type: '/docs#problem-username_taken',
    title: 'The username is taken',
    status: 409,
    detail: 'a user has this username',
    code: 'username_taken',
  });
  expect(await rowsNamed('row-')).toEqual([
    { username: 'row-a', first_name: '', account_id: null },
    { username: 'row-b', first_name: '', account_id: '2' },
    { username: 'row-d', first_name: '', account_id: '3' },
  ]);
  expect(await sql(stack.current, 'select account_id from user_profiles where user_id = 3')).toEqual([
    { account_id: '2' },
  ]);
  for (const { user } of items.filter(({ status }) => status === 201)) {
    expect(await (await get(stack.current, `/v1/users/${user?.id}`)).json()).toEqual(user);
  }
});

test('of those with one name the first that can be made is, and the others are 409', async () => {
  const items = await itemsOf(
    await post([
      { username: 'same-x', email, firstName: 'lost', accountNumber: '0000-0000-0000' },
      { username: 'same-y', email, firstName: 'first' },
      { username: 'same-x', email, firstName: 'second' },
      { username: 'same-y', email, firstName: 'late' },
      { username: 'same-x', email, firstName: 'third', accountNumber: '2718-2818-2845' },
      { username: 'SAME-x', email },
    ]),
  );
  expect(items.map(({ status }) => status)).toEqual([404, 201, 201, 409, 409, 409]);
  expect(await rowsNamed('same-')).toMatchObject([
    { username: 'same-x', first_name: 'second', account_id: null },
    { username: 'same-y', first_name: 'first' },
  ]);
});

test('two hundred rows are one batch, seen by who asked before', async () => {
  const path = '/v1/accounts/1618-0339-8874/users?limit=500';
  await get(stack.current, path);
  const users = Array.from({ length: 200 }, (_, n) => ({
    username: `many-${n}`,
    email,
    accountNumber: '1618-0339-8874',
  }));
  const cost = await countRequests(stack.current, async () => {
    const items = await itemsOf(await post(users));
    expect(items.map(({ user }) => user?.username)).toEqual(users.map(({ username }) => username));
  });
  expect(cost).toEqual({ redis: 1, postgres: 1 });
  const { items }: { items: unknown[] } = await (await get(stack.current, path)).json();
  expect(items).toHaveLength(201);
});

test('a row that is malformed is its own problem, with every fault of it', async () => {
  const rows = [
    { username: 'bad-a', email },
    { username: 'bad-b', email: 'x' },
    7,
    { username: 'аdmin', email, isRoot: true },
    { username: 'bad-c', email },
  ];
  const headers = { 'Idempotency-Key': 'odd rows' };
  const items = await itemsOf(await post(rows, headers));
  expect(items.map(({ status }) => status)).toEqual([201, 400, 400, 400, 201]);
  expect(items.map(({ problem }) => problem?.errors?.map(({ name }) => name))).toEqual([
    undefined,
    ['users.1.email'],
    ['users.2'],
    ['users.3.username', 'users.3.isRoot'],
    undefined,
  ]);
  expect(await rowsNamed('bad-')).toMatchObject([{ username: 'bad-a' }, { username: 'bad-c' }]);
  expect(await itemsOf(await post(rows, headers))).toEqual(items);
});

test('a replay gives each row its own outcome, whatever the rules are by now', async () => {
  const headers = { 'Idempotency-Key': 'other rules' };
  const rows = [
    { username: 'rules-a', email },
    { username: 'rules-b', email: 'x' },
    { username: 'rules-c', email },
  ];
  const items = await itemsOf(await post(rows, headers));
  const setPositions = (a: number | null, c: number | null) =>
    sql(
      stack.current,
      `update idempotency_keys set answer = jsonb_set(jsonb_set(answer, '{0,position}', $1::jsonb), '{1,position}', $2::jsonb)
       where key = 'other rules'`,
      JSON.stringify(a),
      JSON.stringify(c),
    );
  // The first row was not valid then, and the second was.
  await setPositions(1, 2);
  await expectProblem(await post(rows, headers), 'idempotency_key_reused');
  await setPositions(null, null);
  expect(await itemsOf(await post(rows, headers))).toEqual(items);
  await sql(
    stack.current,
    `update idempotency_keys set answer = jsonb_set(answer, '{2}', answer -> 1) where key = 'other rules'`,
  );
  await expectProblem(await post(rows, headers), 'idempotency_key_reused');
  // The second row was valid then.
  await sql(
    stack.current,
    `update idempotency_keys set answer = jsonb_build_array(
       jsonb_set(answer -> 0, '{position}', '0'), jsonb_set(answer -> 1, '{position}', '2'),
       jsonb_set(answer -> 1, '{position}', '1')
     ) where key = 'other rules'`,
  );
  expect(await itemsOf(await post(rows, headers))).toEqual([items[0], items[2], items[2]]);
});

test('rows that are all malformed write nothing', async () => {
  const cost = await countRequests(stack.current, async () => {
    const items = await itemsOf(await post([{ username: 'odd', email: 'x' }]));
    expect(items.map(({ status }) => status)).toEqual([400]);
  });
  expect(cost.postgres).toBe(0);
});

test('rows that are all malformed take the Idempotency-Key all the same', async () => {
  const headers = { 'Idempotency-Key': 'all odd' };
  const rows = [{ username: 'odd', email: 'x' }];
  const first = await post(rows, headers);
  const again = await post(rows, headers);
  expect(again.headers.get('Idempotency-Replayed')).toBe('true');
  expect(await again.text()).toBe(await first.text());
  const other = [{ username: 'odd', email: 'y' }];
  for (const rest of [other, [{ username: 'all-odd', email }]])
    await expectProblem(await post(rest, headers), 'idempotency_key_reused');
  expect(await rowsNamed('all-odd')).toEqual([]);
});

test.each([
  [[], 'users'],
  [Array.from({ length: 201 }, (_, n) => ({ username: `over-${n}`, email })), 'users'],
  ['x', 'users'],
  [undefined, 'users'],
])('users that are no list of 1 to 200 are 400, case %#', async (users, name) => {
  const { errors } = await expectProblem(await post(users), 'bad_request');
  expect(errors).toMatchObject([{ in: 'body', name }]);
});

test('what is asked for again under an Idempotency-Key is done once, and answered alike', async () => {
  const headers = { 'Idempotency-Key': 'batch' };
  const users = [
    { username: 'again-a', email, lastLogin: '2026-01-02T03:04:05Z' },
    { username: 'again-a', email },
    { username: 'again-b', email, accountNumber: '0000-0000-0000' },
  ];
  const first = await post(users, headers);
  await sql(stack.current, `update users set first_name = 'Changed' where username = 'again-a'`);
  const again = await post(users, headers);
  expect(await again.clone().text()).toBe(await first.clone().text());
  expect((await itemsOf(again)).map(({ status }) => status)).toEqual([201, 409, 404]);
  expect(again.headers.get('Idempotency-Replayed')).toBe('true');
  await expectProblem(await post([users[0]], headers), 'idempotency_key_reused');
});

test('what was wholly refused is answered alike too', async () => {
  const headers = { 'Idempotency-Key': 'refused-batch' };
  const users = [{ username: 'johndoe', email }];
  const first = await (await post(users, headers)).text();
  await sql(stack.current, `update users set username = 'johndoe-before' where id = 3`);
  const again = await (await post(users, headers)).text();
  await sql(stack.current, `update users set username = 'johndoe' where id = 3`);
  expect(again).toBe(first);
});

test('the same batch at once, in opposite orders, makes each user once', async () => {
  const users = Array.from({ length: 50 }, (_, n) => ({ username: `race-${n}`, email }));
  const [forth, back] = await Promise.all(
    [users, users.toReversed()].map(async (rows) =>
      itemsOf(await create(newIsolate(stack.current), '/v1/users/batch', { users: rows })),
    ),
  );
  const made = [...(forth ?? []), ...(back ?? [])].filter(({ status }) => status === 201);
  expect(new Set(made.map(({ user }) => user?.username)).size).toBe(50);
  expect(made).toHaveLength(50);
});

test('a row whose name is alike to one that is there takes no external id from another row', async () => {
  const [taken, made] = await itemsOf(
    await post([
      { username: 'JohnDoe', email, externalId: 'alike' },
      { username: 'alike-free', email, externalId: 'alike' },
    ]),
  );
  expect(taken?.status).toBe(409);
  expect(made).toMatchObject({ status: 201, user: { username: 'alike-free', externalId: 'alike' } });
});
