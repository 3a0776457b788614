import { beforeAll, describe, expect, test } from 'vitest';
import { useSession } from '../support/db/session.ts';

const db = useSession({ seed: true });

beforeAll(() =>
  db.query(`insert into api_keys (name, scopes, account_id, sha256) values ('x', '{}', 2, repeat('0', 64))`),
);

test.each([
  [
    `insert into accounts (account_number, company_name) values ('3141-5926-5359', 'Twin')`,
    '23505 accounts_account_number_key',
  ],
  [
    `insert into accounts (account_number, company_name, is_default_account) values ('0000-0000-0001', 'x', true)`,
    '23505 accounts_one_default',
  ],
  [`update accounts set is_default_account = true where id = 2`, '23505 accounts_one_default'],
  [`insert into users (username, email) values ('admin', '')`, '23505 users_username_key'],
  [`update users set username = 'admin' where id = 2`, '23505 users_username_key'],
  [`insert into users (username, email) values ('ADMIN', '')`, '23505 users_username_compared_key'],
  [`insert into users (username, email) values (' admin  ', '')`, '23505 users_username_compared_key'],
  [`update users set username = 'Johndoe' where id = 2`, '23505 users_username_compared_key'],
  [
    `insert into user_profiles (user_id, account_id) values (1, 1)`,
    '23505 user_profiles_account_id_user_id_key',
  ],
  [
    `insert into user_profiles (user_id, account_id) values (1, 99)`,
    '23503 user_profiles_account_id_accounts_id_fk',
  ],
  [
    `insert into user_profiles (user_id, account_id) values (99, 1)`,
    '23503 user_profiles_user_id_users_id_fk',
  ],
  [
    `update accounts set account_number = '0000-0000-0001' where id = 3`,
    '23514 accounts_account_number_immutable',
  ],
  [`update accounts set id = 33 where id = 3`, '23514 accounts_id_immutable'],
  [`update users set id = 55 where id = 5`, '23514 users_id_immutable'],
  [`update user_profiles set id = 77 where id = 7`, '23514 user_profiles_id_immutable'],
  [`update user_profiles set user_id = 5 where id = 7`, '23514 user_profiles_membership_immutable'],
  [`update user_profiles set account_id = 3 where id = 7`, '23514 user_profiles_membership_immutable'],
  [`update api_keys set account_id = 3`, '23514 api_keys_account_immutable'],
  [`update api_keys set id = 99`, '23514 api_keys_id_immutable'],
  [`update api_keys set created_by = 'somebody'`, '23514 api_keys_created_by_immutable'],
  [
    `insert into audit_log (actor, request_id, action, entity, entity_id, changes) values ('', '', 'read', 'user', 1, '{}')`,
    '23514 audit_log_action',
  ],
  [
    `insert into audit_log (actor, request_id, action, entity, changes) values ('', '', 'update', 'user', '{}')`,
    '23514 audit_log_many_rows',
  ],
  [`insert into users (id, username, email) values (0, 'zero', '')`, '23514 users_safe_numbers'],
  [
    `insert into users (id, username, email) values (9007199254740992, 'big', '')`,
    '23514 users_safe_numbers',
  ],
  [`update users set last_login = 'infinity' where id = 1`, '23514 users_dates'],
  [`update accounts set created_at = '0099-01-01' where id = 1`, '23514 accounts_dates'],
  [`insert into cache_invalidations (tags) values ('{a,null}')`, '23514 cache_invalidations_tags'],
])('%s is refused', async (sql, refusal) => {
  expect(await db.refusalOf(sql)).toBe(refusal);
});

test.each([
  '',
  '1234-5678-901',
  '1234-5678-90123',
  '123456789012',
  '١٢٣٤-5678-9012',
  '1234-5678-9013\n',
  ' 1234-5678-9013',
])('the account number %j is refused', async (accountNumber) => {
  const sql = `insert into accounts (account_number, company_name) values ($1, 'x')`;
  expect(await db.refusalOf(sql, [accountNumber])).toBe('23514 accounts_account_number_format');
});

test.each(['', 'x'.repeat(151), 'a\u0001', 'a\n', '\u001f', 'a\u007f', '\u0080', 'a\u0085b', '\u009f'])(
  'the username %j is refused',
  async (username) => {
    expect(await db.refusalOf(`insert into users (username, email) values ($1, '')`, [username])).toBe(
      '23514 users_username_format',
    );
  },
);

test.each(['x', ' ', '\u00a0', 'x'.repeat(150), '𝒳'.repeat(150), `a'b"c\\d{e,f}`, 'null'])(
  'the username %j is accepted, and its tag is exact',
  async (username) => {
    const [tags] = await db.tagsOf(() =>
      db.query(`insert into users (username, email) values ($1, '')`, [username]),
    );
    expect(tags).toContain(`username:${username}`);
  },
);

test('deleting an account or a user deletes its profiles', async () => {
  await db.query('begin');
  await db.query('delete from accounts where id = 4');
  await db.query('delete from users where id = 6');
  const rows = await db.query('select id from user_profiles where id <= 7 order by id');
  await db.query('rollback');
  expect(rows).toEqual([{ id: '1' }, { id: '2' }, { id: '3' }, { id: '4' }]);
});

test('only what has no natural default is required', async () => {
  const [account] = await db.query(
    `insert into accounts (account_number, company_name) values ('0000-0000-0002', 'New') returning *`,
  );
  expect(account).toMatchObject({
    is_default_account: false,
    is_active: true,
    city: '',
    country: 'USA',
    revision: '1',
  });
  const [user] = await db.query(`insert into users (username, email) values ('new', '') returning *`);
  expect(user).toMatchObject({ is_active: true, is_staff: false, is_superuser: false, last_login: null });
  const [profile] = await db.query(`insert into user_profiles (user_id, account_id)
    select u.id, a.id from users as u, accounts as a
    where u.username = 'new' and a.company_name = 'New' returning *`);
  expect(profile).toMatchObject({ name: '', profile_image_url: null, is_test: false, revision: '1' });
});

/** Rows that nothing refers to. */
const rows: Readonly<Record<string, number>> = { accounts: 3, users: 5, user_profiles: 3, api_keys: 1 };

test.each([
  ['accounts', `account_number = '0000-0000-0009'`, '23514 accounts_account_number_immutable'],
  ['accounts', 'id = 99', '23514 accounts_id_immutable'],
  ['users', 'id = 99', '23514 users_id_immutable'],
  ['user_profiles', 'id = 99', '23514 user_profiles_id_immutable'],
  ['user_profiles', 'user_id = 5', '23514 user_profiles_membership_immutable'],
  ['api_keys', 'account_id = 3', '23514 api_keys_account_immutable'],
  ['api_keys', 'id = 99', '23514 api_keys_id_immutable'],
  ['api_keys', `created_by = 'x'`, '23514 api_keys_created_by_immutable'],
  ['accounts', 'revision = 1', '23514 accounts_revision_rises'],
  ['users', 'revision = 1', '23514 users_revision_rises'],
  ['user_profiles', 'revision = 1', '23514 user_profiles_revision_rises'],
  ['api_keys', 'revision = 1', '23514 api_keys_revision_rises'],
])('a trigger of an operator that comes last in %s cannot set %s', async (table, change, refusal) => {
  await db.query('begin');
  const [column, value] = change.split(' = ');
  const touch = table === 'users' ? 'first_name' : table === 'accounts' ? 'city' : 'name';
  await db.query(`
    create function public.meddle() returns trigger language plpgsql as $$
    begin new.${column} := ${value}; return new; end $$;
    create trigger "~~meddle" before update on ${table} for each row execute function public.meddle()`);
  const refused = await db.refusalOf(`update ${table} set ${touch} = 'meddled' where id = ${rows[table]}`);
  await db.query('rollback');
  expect(refused).toBe(refusal);
});

test('without the trigger that fills it, what is compared of a username is checked all the same', async () => {
  await db.query('begin');
  await db.query('alter table users disable trigger "~users_compared"');
  const refused = await db.refusalOf(`update users set username_compared = 'x' where id = 5`);
  await db.query('rollback');
  expect(refused).toBe('23514 users_username_compared');
});

test('what a trigger of an operator changes in an update that changes nothing raises the revision', async () => {
  await db.query('begin');
  await db.query(`
    create function public.capitalize() returns trigger language plpgsql as $$
    begin new.last_name := 'CHANGED'; return new; end $$;
    create trigger zz_capitalize before update on users for each row execute function public.capitalize()`);
  const [row] = await db.query(
    'update users set email = email where id = 2 returning last_name, revision::int',
  );
  await db.query('rollback');
  expect(row).toEqual({ last_name: 'CHANGED', revision: 2 });
});

describe('the number of a deleted account', () => {
  const insert = (id: string, number: string) =>
    `insert into accounts (id, account_number, company_name) values (${id}, '${number}', 'Again')`;
  const retired = '23514 accounts_account_number_retired';

  test('is given to no other account, and back to the very one', async () => {
    await db.query(insert('70', '0000-0000-0070'));
    await db.query('delete from accounts where id = 70');
    expect(await db.refusalOf(insert('default', '0000-0000-0070'))).toBe(retired);
    expect(await db.refusalOf(insert('71', '0000-0000-0070'))).toBe(retired);
    expect(await db.refusalOf(insert('70', '0000-0000-0070'))).toBe('accepted');
  });

  test('is given to none in the statement that deletes it either', async () => {
    await db.query(insert('72', '0000-0000-0072'));
    const move = `with gone as (delete from accounts where id = 72 returning account_number)
      insert into accounts (account_number, company_name) select account_number, 'Thief' from gone`;
    expect(await db.refusalOf(move)).toBe(retired);
  });

  test('is given to another once an operator has forgotten it', async () => {
    await db.query(insert('73', '0000-0000-0073'));
    await db.query('delete from accounts where id = 73');
    await db.query(`delete from retired_account_numbers where account_number = '0000-0000-0073'`);
    expect(await db.refusalOf(insert('74', '0000-0000-0073'))).toBe('accepted');
  });

  test('is remembered when the table is truncated, and forgotten when its ids begin anew', async () => {
    await db.query('begin');
    await db.query('truncate accounts cascade');
    await db.query('savepoint truncated');
    expect(await db.refusalOf(insert('80', '1234-5678-9012'))).toBe(retired);
    await db.query('rollback to truncated');
    expect(await db.refusalOf(insert('2', '1234-5678-9012'))).toBe('accepted');
    await db.query('truncate accounts restart identity cascade');
    expect(await db.refusalOf(insert('80', '1234-5678-9012'))).toBe('accepted');
    await db.query('rollback');
  });
});
