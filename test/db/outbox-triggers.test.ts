import { beforeAll, expect, test } from 'vitest';
import { scaled } from '../support/scale.ts';
import { useSession } from '../support/db/session.ts';

const db = useSession({ seed: true });
/** So many that a statement tells only that everything has changed: from 1,001 tags on. */
const MANY = scaled(5_000, 100_000);

function insertKey(id: number, accountId: number | string): string {
  return `insert into api_keys (id, name, scopes, account_id, sha256)
    values (${id}, 'x', '{directory:read}', ${accountId}, repeat('0', 64))`;
}

// Two keys of the account without members, and one of none.
beforeAll(async () => {
  for (const [id, accountId] of [
    [41, 3],
    [42, 3],
    [43, 'null'],
  ] as const)
    await db.query(insertKey(id, accountId));
});

const roundTrip = (sql: string) => async () => {
  await db.query('begin');
  try {
    return await db.tagsOf(sql);
  } finally {
    await db.query('rollback');
  }
};

test.each<[string, string[][]]>([
  [
    `insert into accounts (id, account_number, company_name) values (50, '0000-0000-0050', 'x')`,
    [['account-number:0000-0000-0050', 'account:50']],
  ],
  [`update accounts set city = 'x' where id = 2`, [['account-number:1234-5678-9012', 'account:2']]],
  [
    `update accounts set is_default_account = false where id = 1`,
    [['account-number:3141-5926-5359', 'account:1', 'default-account']],
  ],
  [
    `delete from accounts where id = 1`,
    [
      ['account-number:3141-5926-5359', 'account:1', 'default-account'],
      ['members:1', 'memberships:1', 'memberships:2', 'memberships:6', 'profile:1', 'profile:2', 'profile:6'],
    ],
  ],
  [`insert into users (id, username, email) values (50, 'new', '')`, [['user:50', 'username:new']]],
  [
    `insert into users (id, username, email, is_staff) values (50, 'new', '', true)`,
    [['user-rights', 'user:50', 'username:new']],
  ],
  [`update users set username = 'jd' where id = 3`, [['user:3', 'username:jd', 'username:johndoe']]],
  [`update users set email = '' where id = 3`, [['user:3', 'username:johndoe']]],
  [`update users set is_superuser = true where id = 3`, [['user-rights', 'user:3', 'username:johndoe']]],
  [`delete from users where id = 5`, [['user:5', 'username:nomad']]],
  [
    `delete from users where id = 4`,
    [
      ['user-rights', 'user:4', 'username:janedoe'],
      ['members:2', 'memberships:4', 'profile:4'],
    ],
  ],
  [
    `insert into user_profiles (id, user_id, account_id) values (50, 5, 3)`,
    [['members:3', 'memberships:5', 'profile:50']],
  ],
  [`update user_profiles set name = 'x' where id = 5`, [['members:2', 'memberships:6', 'profile:5']]],
  [`delete from user_profiles where id = 6`, [['members:1', 'memberships:6', 'profile:6']]],
  [insertKey(51, 'null'), [['key:51']]],
  [`update api_keys set name = 'y' where id = 41`, [['key:41']]],
  [`update api_keys set revoked_at = now()`, [['key:41', 'key:42', 'key:43']]],
  [`delete from api_keys where id = 43`, [['key:43']]],
  [
    `delete from accounts where id = 3`,
    [
      ['account-number:2718-2818-2845', 'account:3'],
      ['key:41', 'key:42'],
    ],
  ],
  [`insert into api_key_uses (key_id) values (41)`, []],
])('%s', async (sql, tags) => {
  const written = await roundTrip(sql)();
  expect(written.toSorted()).toEqual(tags.toSorted());
});

test('usernames that two users exchange are named once each', async () => {
  const sql = `with freed as (update users set username = 'x' where id = 3 returning id)
    update users set username = 'y' where id = 4 and exists (select from freed)`;
  expect(await roundTrip(sql)()).toEqual([
    ['user:3', 'user:4', 'username:janedoe', 'username:johndoe', 'username:x', 'username:y'],
  ]);
});

test('an upsert writes what it inserts and what it updates', async () => {
  const sql = `insert into users (id, username, email) values (60, 'fresh', ''), (61, 'nomad', '')
    on conflict (username) do update set email = excluded.email`;
  expect((await roundTrip(sql)()).toSorted()).toEqual([
    ['user:5', 'username:nomad'],
    ['user:60', 'username:fresh'],
  ]);
});

test('an upsert that only updates writes one row', async () => {
  const sql = `insert into users (username, email) values ('nomad', '')
    on conflict (username) do update set email = excluded.email`;
  expect(await roundTrip(sql)()).toEqual([['user:5', 'username:nomad']]);
});

test('a merge writes what it inserts, updates and deletes', async () => {
  const sql = `merge into users as u
    using (values (5, 'nomad'), (7, 'dormant_dan'), (70, 'merged')) as v (id, username) on u.id = v.id
    when matched and v.id = 7 then delete
    when matched then update set email = ''
    when not matched then insert (id, username, email) values (v.id, v.username, '')`;
  expect((await roundTrip(sql)()).toSorted()).toEqual([
    ['members:4', 'memberships:7', 'profile:7'],
    ['user:5', 'username:nomad'],
    ['user:7', 'username:dormant_dan'],
    ['user:70', 'username:merged'],
  ]);
});

test('one statement that changes two tables writes a row for each', async () => {
  const sql = `with made as (insert into users (id, username, email) values (80, 'cte', '') returning id)
    insert into user_profiles (id, user_id, account_id) select 80, id, 3 from made`;
  expect((await roundTrip(sql)()).toSorted()).toEqual([
    ['members:3', 'memberships:80', 'profile:80'],
    ['user:80', 'username:cte'],
  ]);
});

test.each([
  `update users set email = '' where false`,
  `delete from accounts where false`,
  `insert into users (username, email) select '', '' where false`,
  `insert into users (username, email) values ('nomad', '') on conflict do nothing`,
])('no row touched, nothing written: %s', async (sql) => {
  expect(await roundTrip(sql)()).toEqual([]);
});

test.each([
  `update accounts set is_default_account = true where is_default_account`,
  `update accounts set company_name = company_name, city = ''`,
  `update users set is_staff = is_staff`,
  `update user_profiles set name = ''`,
  `update api_keys set name = 'x'`,
  `insert into users (username, email) values ('nomad', '') on conflict (username) do update set is_active = true`,
  `merge into users as u using (values (5)) as v (id) on u.id = v.id when matched then update set is_staff = false`,
])('nothing changed, nothing written: %s', async (sql) => {
  expect(await roundTrip(sql)()).toEqual([]);
});

test('of the rows that an update touches those that it changes are named, however many the others are', async () => {
  const sql = `insert into users (username, email) select 'same' || n, '' from generate_series(1, 2000) as n;
    delete from cache_invalidations; update users set email = '' where id in (3, 4) or username like 'same%'`;
  expect(await roundTrip(sql)()).toEqual([['user:3', 'user:4', 'username:janedoe', 'username:johndoe']]);
});

test('a rolled-back change leaves nothing', async () => {
  await db.query('delete from cache_invalidations');
  await db.query(`begin; update users set email = ''; rollback`);
  expect(await db.query('select from cache_invalidations')).toEqual([]);
});

test('a rolled-back savepoint leaves nothing of its own', async () => {
  const sql = `update users set email = '' where id = 5;
    savepoint s; update users set email = '' where id = 6; rollback to s`;
  expect(await roundTrip(sql)()).toEqual([['user:5', 'username:nomad']]);
});

test('tags carry the transaction of the change', async () => {
  await db.query('begin');
  await db.query(`update users set email = '' where id = 5`);
  const rows = await db.query(
    'select unnest(tags) as tag from cache_invalidations where xact_id = pg_current_xact_id_if_assigned() order by tag',
  );
  await db.query('rollback');
  expect(rows).toEqual([{ tag: 'user:5' }, { tag: 'username:nomad' }]);
});

test.each(['user_profiles', 'users cascade', 'accounts cascade', 'api_keys cascade'])(
  'truncate %s is everything',
  async (tables) => {
    const written = await roundTrip(`truncate ${tables}`)();
    expect(written.flat()).toContain('everything');
  },
);

test('a thousand tags are written, one more is everything', async () => {
  const insertUsers = (count: number, rights: boolean) => `insert into users (username, email, is_staff)
    select 'many' || n, '', ${rights} from generate_series(1, ${count}) as n`;
  expect((await roundTrip(insertUsers(500, false))())[0]).toHaveLength(1_000);
  expect(await roundTrip(insertUsers(500, true))()).toEqual([['everything']]);
  expect(await roundTrip(insertUsers(1_001, false))()).toEqual([['everything']]);
});

test(`an update and a delete of ${MANY} rows are one row each`, async () => {
  await db.query('begin');
  await db.query(
    `insert into users (username, email) select 'bulk' || n, '' from generate_series(1, ${MANY}) as n`,
  );
  expect(await db.tagsOf(`update users set email = 'x'`)).toEqual([['everything']]);
  expect(await db.tagsOf(`delete from users where username like 'bulk%'`)).toEqual([['everything']]);
  await db.query('rollback');
});

test('a session that has planned for one row stays exact for many', async () => {
  await roundTrip(`update users set email = '' where id = 1`)();
  const [tags] = await roundTrip(`update users set is_staff = not is_staff`)();
  expect(tags).toHaveLength(1 + 2 * 7);
});

test('a session of the replica role writes too', async () => {
  const sql = `set local session_replication_role = replica; update users set email = '' where id = 5`;
  expect(await roundTrip(sql)()).toEqual([['user:5', 'username:nomad']]);
});

test('tags can be written at a prompt', async () => {
  expect(await db.tagsOf(`insert into cache_invalidations (tags) values ('{everything}')`)).toEqual([
    ['everything'],
  ]);
});
