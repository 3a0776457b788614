import { describe, expect, test } from 'vitest';
import { absent, found, listed, see, type Seen } from '../../support/seen.ts';
import { drainNow, newIsolate, sql, useSeedForEach, useStack } from '../../support/stack.ts';

const stack = useStack();
useSeedForEach(stack);
const NO_CACHE = { 'Cache-Control': 'no-cache' };
const STACKADEMY = '/v1/accounts/1234-5678-9012';
const SMARTER = '/v1/accounts/3141-5926-5359';

const read = (path: string, headers = {}, on = newIsolate(stack.current)) => see(on, path, headers);

/** What somebody writes at a prompt, and what one look-up answers before and after. */
interface Write {
  readonly name: string;
  readonly path: string;
  /** What is there besides the seed. */
  readonly given?: string;
  readonly write: string;
  readonly before: Seen;
  readonly after: Seen;
}

const writes: Write[] = [
  {
    name: 'a row changes',
    path: '/v1/users/3',
    write: "update users set first_name = 'John' where id = 3",
    before: found({ firstName: '', revision: 1 }),
    after: found({ firstName: 'John', revision: 2 }),
  },
  {
    name: 'a row of a list changes',
    path: `${STACKADEMY}/user-profiles`,
    write: "update user_profiles set name = 'Jane' where id = 4",
    before: found({
      items: expect.not.arrayContaining([expect.objectContaining({ name: 'Jane' })]) as unknown,
    }),
    after: found({ items: expect.arrayContaining([expect.objectContaining({ name: 'Jane' })]) as unknown }),
  },
  {
    name: 'an absent user by id is created',
    path: '/v1/users/100',
    write: "insert into users (id, username, email) values (100, 'new', 'new@example.com')",
    before: absent('user_does_not_exist'),
    after: found({ username: 'new' }),
  },
  {
    name: 'an absent user by username is created',
    path: '/v1/users/by-username/newer',
    write: "insert into users (id, username, email) values (101, 'newer', 'newer@example.com')",
    before: absent('user_does_not_exist'),
    after: found({ id: 101 }),
  },
  {
    name: 'an absent account is created',
    path: '/v1/accounts/5555-5555-5555/users',
    write: "insert into accounts (account_number, company_name) values ('5555-5555-5555', 'Five')",
    before: absent('account_does_not_exist'),
    after: listed(),
  },
  {
    name: 'a username goes',
    path: '/v1/users/by-username/newer',
    given: "insert into users (id, username, email) values (101, 'newer', 'newer@example.com')",
    write: "update users set username = 'newest' where id = 101",
    before: found({ id: 101 }),
    after: absent('user_does_not_exist'),
  },
  {
    name: 'a username comes',
    path: '/v1/users/by-username/latest',
    given: "insert into users (id, username, email) values (101, 'newest', 'newer@example.com')",
    write: "update users set username = 'latest' where id = 101",
    before: absent('user_does_not_exist'),
    after: found({ id: 101 }),
  },
  {
    name: 'a username passes to another user',
    path: '/v1/users/by-username/latest',
    given: `insert into users (id, username, email)
      values (100, 'new', 'new@example.com'), (101, 'latest', 'newer@example.com')`,
    write: `begin; update users set username = 'ex' where id = 101;
      update users set username = 'latest' where id = 100; commit`,
    before: found({ id: 101 }),
    after: found({ id: 100 }),
  },
  {
    name: 'an external id passes to another account',
    path: '/v1/accounts/by-external-id/crm%2F1',
    given: "update accounts set external_id = 'crm/1' where id = 2",
    write: `begin; update accounts set external_id = null where id = 2;
      update accounts set external_id = 'crm/1' where id = 3; commit`,
    before: found({ id: 2 }),
    after: found({ id: 3 }),
  },
  {
    name: 'an external id that nobody had comes to a user',
    path: '/v1/users/by-external-id/crm%2F1',
    write: "update users set external_id = 'crm/1' where id = 5",
    before: absent('user_does_not_exist'),
    after: found({ id: 5, externalId: 'crm/1' }),
  },
  {
    name: 'a user gets an account',
    path: '/v1/users/5/account',
    write: 'insert into user_profiles (id, user_id, account_id) values (200, 5, 4)',
    before: absent('no_account_for_user'),
    after: found({ id: 4 }),
  },
  {
    name: 'a user moves to another account',
    path: '/v1/users/5/account',
    given: 'insert into user_profiles (id, user_id, account_id) values (200, 5, 4)',
    write: `begin; delete from user_profiles where id = 200;
      insert into user_profiles (id, user_id, account_id) values (201, 5, 2); commit`,
    before: found({ id: 4 }),
    after: found({ id: 2 }),
  },
  {
    name: 'a member comes',
    path: `${SMARTER}/users`,
    write: 'insert into user_profiles (id, user_id, account_id) values (202, 5, 1)',
    before: listed(1, 2, 6),
    after: listed(1, 2, 5, 6),
  },
  {
    name: 'a member joins the default account',
    path: '/v1/users/7/account',
    write: 'insert into user_profiles (id, user_id, account_id) values (203, 7, 1)',
    before: found({ id: 4 }),
    after: found({ id: 1 }),
  },
  {
    name: 'a member goes',
    path: '/v1/user-profiles/1/valid-resource-owners',
    given: 'insert into user_profiles (id, user_id, account_id) values (202, 5, 1), (203, 7, 1)',
    write: 'delete from user_profiles where id in (202, 203)',
    before: listed(1, 2, 6, 202, 203),
    after: listed(1, 2, 6),
  },
  {
    name: 'a member becomes staff',
    path: `${STACKADEMY}/admin-user`,
    write: 'update users set is_staff = true where id = 3',
    before: found({ id: 4 }),
    after: found({ id: 3 }),
  },
  {
    name: 'another profile is the first of a superuser',
    path: '/v1/platform/admin-profile',
    write: 'update users set is_superuser = (id = 2)',
    before: found({ id: 1 }),
    after: found({ id: 2 }),
  },
  {
    name: 'the default switches, for the default account',
    path: '/v1/accounts/default',
    write: `begin; update accounts set is_default_account = false where id = 1;
      update accounts set is_default_account = true where id = 2; commit`,
    before: found({ id: 1 }),
    after: found({ id: 2 }),
  },
  {
    name: 'the default switches, for the account of a user in both',
    path: '/v1/users/6/account',
    given: `begin; update accounts set is_default_account = false where id = 1;
      update accounts set is_default_account = true where id = 2; commit`,
    write: `begin; update accounts set is_default_account = false where id = 2;
      update accounts set is_default_account = true where id = 1; commit`,
    before: found({ id: 2 }),
    after: found({ id: 1 }),
  },
  {
    name: 'the default goes',
    path: '/v1/users/6/account',
    write: 'update accounts set is_default_account = false where id = 1',
    before: found({ id: 1 }),
    after: found({ id: 2 }),
  },
  {
    name: 'a default comes, for the account of a user who is in another too',
    path: '/v1/users/6/account',
    given: 'update accounts set is_default_account = false where id = 1',
    write: 'update accounts set is_default_account = true where id = 1',
    before: found({ id: 2 }),
    after: found({ id: 1 }),
  },
  {
    name: 'an account is deleted, and with it its profiles',
    path: '/v1/user-profiles/7',
    write: 'delete from accounts where id = 4',
    before: found({ id: 7 }),
    after: absent('user_profile_does_not_exist'),
  },
  {
    name: 'an account is deleted',
    path: STACKADEMY,
    write: 'delete from accounts where id = 2',
    before: found({ id: 2 }),
    after: absent('account_does_not_exist'),
  },
  {
    name: 'a table is emptied',
    path: `${SMARTER}/users`,
    write: 'truncate user_profiles',
    before: listed(1, 2, 6),
    after: listed(),
  },
];

describe.each(writes)('$name', ({ path, given, write, before, after }) => {
  test('readers keep the old answer until the drain, and then have the new one', async () => {
    const reader = newIsolate(stack.current);
    if (given) await sql(stack.current, given);
    await drainNow(stack.current);
    expect(await read(path, {}, reader)).toEqual(before);
    await sql(stack.current, write);
    expect(await read(path, {}, reader)).toEqual(before);
    expect(await read(path)).toEqual(before);
    await drainNow(stack.current);
    expect(await read(path)).toEqual(after);
  });
});

test.each([
  {
    path: '/v1/users/1',
    write: "update users set first_name = 'A' where id = 1",
    after: found({ firstName: 'A' }),
  },
  {
    path: '/v1/users/by-username/fresh',
    write: "insert into users (username, email) values ('fresh', 'f@example.com')",
    after: found({ email: 'f@example.com' }),
  },
  {
    path: `${SMARTER}/users`,
    write: 'insert into user_profiles (user_id, account_id) values (7, 1)',
    after: listed(1, 2, 6, 7),
  },
])(
  'no-cache sees what was written to $path at once, and so does who reads after',
  async ({ path, write, after }) => {
    const reader = newIsolate(stack.current);
    await read(path, {}, reader);
    await sql(stack.current, write);
    expect(await read(path, {}, reader)).not.toEqual(after);
    expect(await read(path, NO_CACHE, reader)).toEqual(after);
    expect(await read(path, {}, reader)).toEqual(after);
    expect(await read(path)).toEqual(after);
  },
);
