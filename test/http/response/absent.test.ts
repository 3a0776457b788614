import { expect, test } from 'vitest';
import type { ProblemCode } from '../../../src/http/response/problem.ts';
import { get, newIsolate, sql, useStack } from '../../support/stack.ts';
import { expectProblem } from '../../support/http/problem.ts';

const stack = useStack();

const absent: [string, ProblemCode][] = [
  ['/v1/users/999', 'user_does_not_exist'],
  ['/v1/users/9007199254740991', 'user_does_not_exist'],
  ['/v1/users/by-username/notfound', 'user_does_not_exist'],
  ['/v1/users/by-external-id/notfound', 'user_does_not_exist'],
  ['/v1/accounts/by-external-id/notfound', 'account_does_not_exist'],
  ['/v1/users/by-username/JohnDoe', 'user_does_not_exist'],
  ['/v1/users/by-username/%20johndoe', 'user_does_not_exist'],
  ['/v1/users/5/account', 'no_account_for_user'],
  ['/v1/users/999/account', 'no_account_for_user'],
  ['/v1/accounts/0000-0000-0000', 'account_does_not_exist'],
  ['/v1/accounts/0000-0000-0000/users', 'account_does_not_exist'],
  ['/v1/accounts/0000-0000-0000/user-profiles', 'account_does_not_exist'],
  ['/v1/accounts/0000-0000-0000/admin-user', 'account_does_not_exist'],
  ['/v1/accounts/2718-2818-2845/admin-user', 'admin_user_does_not_exist'],
  ['/v1/accounts/1618-0339-8874/admin-user', 'admin_user_does_not_exist'],
  ['/v1/user-profiles/999', 'user_profile_does_not_exist'],
  ['/v1/user-profiles/999/valid-resource-owners', 'user_profile_does_not_exist'],
];

test.each(absent)('%s is 404 %s, from Postgres, memory and Redis', async (path, code) => {
  const isolate = newIsolate(stack.current);
  await expectProblem(await get(isolate, path), code);
  await expectProblem(await get(isolate, path), code);
  const shared = await get(newIsolate(stack.current), path);
  await expectProblem(shared, code);
  expect(shared.headers.get('Cache-Status')).toContain('redis; hit');
});

test('creating the admin user of an unknown account is 404 account_does_not_exist', async () => {
  const response = await get(stack.current, '/v1/accounts/0000-0000-0000/admin-user', {}, 'PUT');
  await expectProblem(response, 'account_does_not_exist');
});

test('reading the admin user of an account without one creates none', async () => {
  await get(stack.current, '/v1/accounts/2718-2818-2845/admin-user');
  const rows = await sql(stack.current, "select from users where username like '2718-2818-2845%'");
  expect(rows).toEqual([]);
});

test('without a default account there is none', async () => {
  await sql(stack.current, 'update accounts set is_default_account = false');
  const response = await get(stack.current, '/v1/accounts/default', { 'Cache-Control': 'no-cache' });
  await expectProblem(response, 'no_default_account');
});

test('without a superuser in the platform account there is no platform admin', async () => {
  await sql(stack.current, 'update users set is_superuser = false where id = 1');
  const response = await get(stack.current, '/v1/platform/admin-profile', { 'Cache-Control': 'no-cache' });
  await expectProblem(response, 'no_platform_admin');
});
