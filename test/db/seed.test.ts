import { expect, test } from 'vitest';
import { seed } from '../../local/seed.ts';
import { seedAnew } from '../engines/seed-anew.ts';
import { useSession } from '../support/db/session.ts';

const db = useSession();

const rows = async () => [
  await db.query('select * from accounts order by id'),
  await db.query('select * from users order by id'),
  await db.query('select * from user_profiles order by id'),
];

test('the seed is there once, however often it is sown, and the next ids are free', async () => {
  await seed(db.url);
  const first = await rows();
  expect(first.map((table) => table.length)).toEqual([4, 7, 7]);
  await db.query('delete from accounts where id = 3');
  await seed(db.url);
  expect((await rows()).map((table) => table.length)).toEqual([3, 7, 7]);
  const next = await db.query(`insert into users (username, email) values ('next', '') returning id`);
  expect(next).toEqual([{ id: '8' }]);
});

test.each([
  ['few rows', 2],
  ['many rows', 500],
])('a database that held %s is seeded anew as if nothing had been', async (_, count) => {
  const content = async () => [
    await rows(),
    await db.query(`
      select (select count(*) from api_keys) + (select count(*) from api_key_uses) + (select count(*) from audit_log)
        + (select count(*) from deleted_rows) + (select count(*) from idempotency_keys) as others`),
    await db.query('select account_number from retired_account_numbers'),
    await db.query('select tags from cache_invalidations order by id'),
    await db.query(
      `select sequencename, last_value from pg_sequences where sequencename !~ 'cache_invalidations' order by 1`,
    ),
  ];
  await seedAnew(db.url);
  const first = await content();
  await db.query(`
    begin;
    set local edge_accounts.actor = 'somebody';
    insert into accounts (account_number, company_name)
      select to_char(n, 'FM0000-0000-0000'), 'x' from generate_series(1, ${count}) as n;
    insert into users (username, email) select 'user' || n, '' from generate_series(1, ${count}) as n;
    insert into api_keys (name, scopes, account_id, sha256, created_by)
      select 'x', '{}', 2, repeat('0', 64), 'root' from generate_series(1, ${count}) as n;
    insert into api_key_uses (key_id) select id from api_keys;
    insert into idempotency_keys (caller, key, request_sha256)
      select 'root', n, '' from generate_series(1, ${count}) as n;
    update users set is_staff = true where id > 7;
    delete from accounts where id = 3;
    commit`);
  expect(await content()).not.toEqual(first);
  await seedAnew(db.url);
  expect(await content()).toEqual(first);
});
