import { beforeEach, expect, test } from 'vitest';
import { get, newIsolate, sql, type TestStack, useStack } from '../../support/stack.ts';
import { expectProblem } from '../../support/http/problem.ts';
import { empty } from '../../support/http/seed.ts';

const stack = useStack();
const NUMBER = '2718-2818-2845';
const PATH = `/v1/accounts/${NUMBER}/admin-user`;
const NO_CACHE = { 'Cache-Control': 'no-cache' };

const put = (on: TestStack) => get(on, PATH, NO_CACHE, 'PUT');
const members = () =>
  sql<{ username: string }>(
    stack.current,
    `select u.* from user_profiles p join users u on u.id = p.user_id join accounts a on a.id = p.account_id
     where a.account_number = '${NUMBER}'`,
  );

beforeEach(() => sql(stack.current, `delete from users where username like '${NUMBER}%'`));

test('the created user is active staff of the account, and no superuser', async () => {
  const response = await put(stack.current);
  expect(response.status).toBe(201);
  const user: { id: number } = await response.json();
  expect(user).toMatchObject({
    username: `${NUMBER}-admin`,
    email: `${NUMBER}-admin@example.com`,
    isStaff: true,
    isSuperuser: false,
    isActive: true,
  });
  expect(response.headers.get('Location')).toBe(`/v1/users/${user.id}`);
  expect(await (await get(stack.current, `/v1/users/${user.id}/account`)).json()).toEqual(empty);
});

test('the isolate that created it sees it at once in every look-up', async () => {
  await get(stack.current, PATH, NO_CACHE);
  await get(stack.current, `/v1/accounts/${NUMBER}/users`, NO_CACHE);
  await get(stack.current, `/v1/users/by-username/${NUMBER}-admin`, NO_CACHE);
  const user: object = await (await get(stack.current, PATH, {}, 'PUT')).json();
  expect(await (await get(stack.current, PATH)).json()).toEqual(user);
  expect(await (await get(stack.current, `/v1/users/by-username/${NUMBER}-admin`)).json()).toEqual(user);
  const list = await get(stack.current, `/v1/accounts/${NUMBER}/users`);
  expect(await list.json()).toEqual({ items: [user], nextCursor: null });
});

test.each([1, 4])(
  'a hundred simultaneous PUTs in %i isolates create one user and one profile',
  async (count) => {
    const isolates = Array.from({ length: count }, () => newIsolate(stack.current));
    const puts = isolates.flatMap((isolate) => Array.from({ length: 100 / count }, () => put(isolate)));
    const responses = await Promise.all(puts);
    const bodies = await Promise.all(responses.map((response) => response.text()));
    expect(new Set(bodies).size).toBe(1);
    expect(responses.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(99);
    expect(await members()).toHaveLength(1);
    expect(await sql(stack.current, `select from users where username like '${NUMBER}%'`)).toHaveLength(1);
  },
);

test('a second PUT is 200, with the same user', async () => {
  const first = await put(stack.current);
  const second = await put(newIsolate(stack.current));
  expect(second.status).toBe(200);
  expect(await second.json()).toEqual(await first.json());
  expect(second.headers.get('Location')).toBeNull();
});

test.each([
  { squatted: ['-admin'], taken: '-admin-2' },
  { squatted: ['-admin', '-admin-2'], taken: '-admin-3' },
  { squatted: ['-admin', '-admin-3'], taken: '-admin-2' },
])('users named $squatted are not adopted: $taken is created', async ({ squatted, taken }) => {
  for (const suffix of squatted) {
    const insert = 'insert into users (username, email, is_staff) values ($1, $1, true)';
    await sql(stack.current, insert, `${NUMBER}${suffix}`);
  }
  const response = await put(newIsolate(stack.current));
  expect(response.status).toBe(201);
  expect(await response.json()).toMatchObject({ username: `${NUMBER}${taken}` });
  expect((await members()).map(({ username }) => username)).toEqual([`${NUMBER}${taken}`]);
});

test('an account whose members are no staff gets an admin', async () => {
  const response = await get(stack.current, '/v1/accounts/1618-0339-8874/admin-user', {}, 'PUT');
  expect(response.status).toBe(201);
  expect(await response.json()).toMatchObject({ username: '1618-0339-8874-admin' });
});

test('an account with an admin keeps it', async () => {
  const response = await get(stack.current, '/v1/accounts/1234-5678-9012/admin-user', {}, 'PUT');
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ username: 'janedoe' });
});

test('an unknown account gets none', async () => {
  const response = await get(stack.current, '/v1/accounts/9999-9999-9999/admin-user', {}, 'PUT');
  await expectProblem(response, 'account_does_not_exist');
});

test('a PUT that finds an admin made elsewhere ends the answer that there is none, everywhere', async () => {
  await put(stack.current);
  await sql(stack.current, `update users set is_staff = false where username like '${NUMBER}%'`);
  await expectProblem(await get(stack.current, PATH, NO_CACHE), 'admin_user_does_not_exist');
  await sql(stack.current, `update users set is_staff = true where username like '${NUMBER}%'`);
  expect((await get(stack.current, PATH, {}, 'PUT')).status).toBe(200);
  expect((await get(stack.current, PATH)).status).toBe(200);
  expect((await get(newIsolate(stack.current), PATH)).status).toBe(200);
});
