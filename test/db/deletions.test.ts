import { expect, test } from 'vitest';
import { useSession } from '../support/db/session.ts';

const db = useSession({ seed: 'each' });

interface Deletion extends Record<string, unknown> {
  readonly id: string;
}

const deletions = () =>
  db.query<Deletion>(
    'select id, actor, entity, entity_id::int, account_number, username from deletions order by id',
  );
const rowsOf = (id: unknown) =>
  db.query(
    `select entity, id::int, account_number, username, user_id::int from deletion_rows
     where deletion_id = $1 order by entity, id`,
    [id],
  );
const everything = () =>
  db.query(
    `select 'account' as kind, to_jsonb(a) - 'revision' as row from accounts as a
     union all select 'user', to_jsonb(u) - 'revision' from users as u
     union all select 'user_profile', to_jsonb(p) - 'revision' from user_profiles as p order by 1, 2`,
  );
const KEY = `insert into api_keys (id, name, scopes, account_id, sha256, previous_sha256, previous_valid_until)
  values (50, 'x', '{directory:read}', 2, repeat('a', 64), repeat('b', 64), now())`;

test('a statement at a prompt is one deletion, with all that went along, under what it asked for', async () => {
  await db.query(KEY);
  await db.query('delete from accounts where id = 2');
  const [deletion, ...others] = await deletions();
  expect(others).toEqual([]);
  expect(deletion).toMatchObject({
    actor: 'sql:postgres',
    entity: 'account',
    entity_id: 2,
    account_number: '1234-5678-9012',
  });
  expect(await rowsOf(deletion?.id)).toEqual([
    { entity: 'account', id: 2, account_number: '1234-5678-9012', username: null, user_id: null },
    { entity: 'api_key', id: 50, account_number: null, username: null, user_id: null },
    { entity: 'user_profile', id: 3, account_number: null, username: 'johndoe', user_id: 3 },
    { entity: 'user_profile', id: 4, account_number: null, username: 'janedoe', user_id: 4 },
    { entity: 'user_profile', id: 5, account_number: null, username: 'both', user_id: 6 },
  ]);
});

test('a transaction of many statements is one deletion, and the first of them is what it is about', async () => {
  await db.query(`begin; select set_config('edge_accounts.actor', 'ann', true);
    delete from user_profiles where id = 5; delete from users where id in (5, 6); delete from accounts where id = 3; commit`);
  const [deletion, ...others] = await deletions();
  expect(others).toEqual([]);
  expect(deletion).toMatchObject({
    actor: 'ann',
    entity: 'user_profile',
    entity_id: 5,
    account_number: '1234-5678-9012',
    username: 'both',
  });
  expect((await rowsOf(deletion?.id)).map(({ entity, id }) => [entity, id])).toEqual([
    ['account', 3],
    ['user', 5],
    ['user', 6],
    ['user_profile', 5],
    ['user_profile', 6],
  ]);
});

test('what is rolled back, truncated, or deleted by nobody, leaves no deletion', async () => {
  await db.query(KEY);
  await db.query('begin; delete from users where id = 5; rollback');
  await db.query('delete from users where id = 999');
  await db.query('delete from api_keys where id = 50');
  await db.query(
    `begin; set local edge_accounts.keep_deleted = 'off'; delete from users where id = 5; commit`,
  );
  await db.query('truncate accounts cascade');
  expect(await deletions()).toEqual([]);
  expect(await db.query('select from deletion_rows')).toEqual([]);
});

test.each([
  'delete from users where id = 6',
  'delete from user_profiles where id = 3',
  'delete from accounts where id = 2',
  'delete from users; delete from accounts',
  `update users set last_login = '1900-01-02T03:04:05.678901Z', username = 'Ünï  cødé' where id = 3; delete from users where id = 3`,
])('all of it comes back as it was, revisions raised: %s', async (sql) => {
  await db.query(KEY);
  await db.query(`set timezone = 'Asia/Kolkata'; set datestyle = 'German'`);
  const [change, remove = change] = sql.startsWith('update') ? sql.split('; ') : [undefined, sql];
  if (change && change !== remove) await db.query(change);
  const before = await everything();
  const [{ revision: old } = {}] = await db.query('select revision from user_profiles where id = 3');
  await db.query(`begin; ${String(remove)}; commit`);
  const [deletion] = await deletions();
  const tags = (await db.tagsOf(`select public.restore_deletion(${String(deletion?.id)})`)).flat();
  expect(await everything()).toEqual(before);
  const [{ revision } = {}] = await db.query('select revision from user_profiles where id = 3');
  if (!tags.includes('profile:3')) expect(revision).toBe(old);
  else expect(Number(revision)).toBeGreaterThan(Number(old));
  const came = await rowsOf(deletion?.id);
  for (const { entity, id } of came) {
    const tag = { account: 'account', user: 'user', user_profile: 'profile', api_key: 'key' }[String(entity)];
    expect(tags).toContain(`${String(tag)}:${String(id)}`);
  }
  await db.query(`reset timezone; reset datestyle`);
});

test('keys come back as revoked, without the hashes of their secrets', async () => {
  await db.query(KEY);
  await db.query('delete from accounts where id = 2');
  const kept = await db.query('select row from deletion_rows');
  expect(JSON.stringify(kept)).not.toMatch(/a{64}|b{64}/);
  await db.query('select public.restore_deletion(max(id)) from deletions');
  expect(
    await db.query(
      `select name, account_id::int, revoked_at is not null as revoked, sha256, previous_sha256 from api_keys`,
    ),
  ).toEqual([{ name: 'x', account_id: 2, revoked: true, sha256: '0'.repeat(64), previous_sha256: null }]);
});

test('a column that came since the deletion has its default in what comes back', async () => {
  await db.query('delete from users where id = 3');
  await db.query(`alter table users add column nickname text not null default 'none'`);
  try {
    await db.query('select public.restore_deletion(max(id)) from deletions');
    expect(await db.query('select nickname from users where id = 3')).toEqual([{ nickname: 'none' }]);
  } finally {
    await db.query('alter table users drop column nickname');
  }
});

const obstacles = async () =>
  (
    await db.query(
      `select o.code from deletions as d, public.deletion_obstacles(d.id) as o order by o.entity, o.entity_id, o.code`,
    )
  ).map(({ code }) => code);

test.each([
  [
    'delete from users where id = 3',
    `insert into users (id, username, email) values (3, 'x', '')`,
    ['id_taken'],
  ],
  [
    'delete from users where id = 3',
    `insert into users (username, email) values ('JohnDoe', '')`,
    ['username_taken'],
  ],
  [
    'delete from users where id = 3',
    'set edge_accounts.keep_deleted = off; delete from accounts where id = 2; reset edge_accounts.keep_deleted',
    ['account_does_not_exist'],
  ],
  [
    'delete from user_profiles where id = 3',
    'insert into user_profiles (user_id, account_id) values (3, 2)',
    ['user_profile_exists'],
  ],
  [
    'delete from user_profiles where id = 3',
    'insert into user_profiles (id, user_id, account_id) values (3, 3, 3)',
    ['id_taken'],
  ],
  [
    'delete from user_profiles where id = 3',
    'set edge_accounts.keep_deleted = off; delete from users where id = 3; reset edge_accounts.keep_deleted',
    ['user_does_not_exist'],
  ],
  [
    'delete from accounts where id = 1',
    'update accounts set is_default_account = true where id = 2',
    ['default_account_exists'],
  ],
  [
    'delete from accounts where id = 3',
    `delete from retired_account_numbers; insert into accounts (account_number, company_name) values ('2718-2818-2845', 'x')`,
    ['account_number_taken'],
  ],
  [
    `update users set external_id = 'x' where id = 3; delete from users where id = 3`,
    `update users set external_id = 'x' where id = 4`,
    ['external_id_taken'],
  ],
  [
    `update accounts set external_id = 'x' where id = 3; delete from accounts where id = 3`,
    `update accounts set external_id = 'x' where id = 4`,
    ['external_id_taken'],
  ],
  [
    'delete from accounts where id = 3',
    `update retired_account_numbers set account_id = 77`,
    ['account_number_retired'],
  ],
  [
    'delete from accounts where id = 2',
    `insert into accounts (id, account_number, company_name) values (2, '0000-0000-0001', 'x');
     insert into user_profiles (id, user_id, account_id) values (4, 4, 2)`,
    ['id_taken', 'id_taken'],
  ],
])('it says all that stands in the way: %s; %s', async (remove, then, expected) => {
  await db.query(remove);
  await db.query(then);
  expect(await obstacles()).toEqual(expected);
  const before = await everything();
  expect(await db.refusalOf('select public.restore_deletion(max(id)) from deletions')).toBe('55000');
  expect(await everything()).toEqual(before);
});

test('a deletion comes back once', async () => {
  await db.query('delete from users where id = 3');
  await db.query('select public.restore_deletion(max(id)) from deletions');
  expect(await db.refusalOf('select public.restore_deletion(max(id)) from deletions')).toBe('55000');
  expect(await db.refusalOf('select public.restore_deletion(-1)')).toBe('P0002');
});
