import { expect, test } from 'vitest';
import { openEarlierDatabase } from '../support/db/earlier-database.ts';
import { useSession } from '../support/db/session.ts';

const session = useSession({ seed: true });

/** A row of each table whose dates nothing else keeps. */
const INSERT_ROWS = `
  insert into api_keys (id, name, scopes, sha256, previous_sha256, previous_valid_until)
    values (900, 'x', '{}', repeat('0', 64), repeat('1', 64), now()), (901, 'y', '{}', repeat('2', 64), null, null);
  insert into api_key_uses (key_id) values (900), (901);
  insert into audit_log (id, actor, request_id, action, entity, entity_id, changes)
    values (900, 'x', 'x', 'update', 'user', 1, '{}'), (901, 'x', 'x', 'update', 'user', 1, '{}');
  insert into cache_invalidations (id, tags) values (900, '{a}'), (901, '{b}'), (902, '{c}');
  insert into idempotency_keys (caller, key, request_sha256) values ('x', 'late', ''), ('x', 'early', '');
  insert into retired_account_numbers (account_number, account_id)
    values ('9999-0000-0001', 900), ('9999-0000-0002', 901);`;

const FIRST = '1000-01-01 00:00:00';
const LAST = '9999-12-31 23:59:59.999999';

test('dates beyond all bounds are brought within them', async () => {
  const { client, migrate } = await openEarlierDatabase('bounds');
  await client.query(`set timezone = 'UTC'; ${INSERT_ROWS}
    update api_keys set expires_at = 'infinity', previous_valid_until = 'infinity', created_at = '-infinity' where id = 900;
    update api_keys set expires_at = '-infinity', revoked_at = 'infinity', created_at = '0044-03-15 00:00:00+00 BC' where id = 901;
    alter table api_keys disable trigger "~api_keys_revision";
    update api_keys set updated_at = 'infinity', revision = revision + 1 where id = 900;
    alter table api_keys enable always trigger "~api_keys_revision";
    update api_key_uses set last_used_at = '-infinity' where key_id = 900;
    update api_key_uses set last_used_at = '12345-01-01' where key_id = 901;
    update audit_log set at = 'infinity' where id = 900;
    update audit_log set at = '-infinity' where id = 901;
    update cache_invalidations set created_at = '-infinity' where id = 900;
    update cache_invalidations set invalidated_at = 'infinity' where id = 901;
    update cache_invalidations set invalidated_at = '2026-01-02 03:04:05+00' where id = 902;
    update idempotency_keys set created_at = case key when 'late' then 'infinity' else '-infinity' end::timestamptz;
    update retired_account_numbers set retired_at = case account_id when 900 then 'infinity' else '-infinity' end::timestamptz`);
  const [{ revision: before }] = (await client.query('select revision::int from api_keys where id = 900'))
    .rows;
  await migrate();
  const read = async (sql: string) => (await client.query(sql)).rows;
  expect(
    await read(
      'select expires_at::text, previous_valid_until::text, revoked_at::text, created_at::text, isfinite(updated_at) as updated from api_keys order by id',
    ),
  ).toEqual([
    {
      expires_at: null,
      previous_valid_until: `${LAST}+00`,
      revoked_at: null,
      created_at: `${FIRST}+00`,
      updated: true,
    },
    {
      expires_at: `${FIRST}+00`,
      previous_valid_until: null,
      revoked_at: `${LAST}+00`,
      created_at: `${FIRST}+00`,
      updated: true,
    },
  ]);
  expect(await read('select revision::int from api_keys where id = 900')).toEqual([{ revision: before + 1 }]);
  expect(await read('select last_used_at::text from api_key_uses order by key_id')).toEqual([
    { last_used_at: `${FIRST}+00` },
    { last_used_at: `${LAST}+00` },
  ]);
  expect(await read('select at::text from audit_log where id >= 900 order by id')).toEqual([
    { at: `${LAST}+00` },
    { at: `${FIRST}+00` },
  ]);
  expect(
    await read(
      'select created_at::text = $$1000-01-01 00:00:00+00$$ as first, invalidated_at::text from cache_invalidations where id between 900 and 902 order by id',
    ),
  ).toEqual([
    { first: true, invalidated_at: null },
    { first: false, invalidated_at: null },
    { first: false, invalidated_at: '2026-01-02 03:04:05+00' },
  ]);
  // What came late is remembered for a day from now, and not for good.
  expect(
    await read(
      `select key, created_at between now() - interval '1 hour' and now() as now, created_at < now() - interval '24 hours' as old from idempotency_keys order by key`,
    ),
  ).toEqual([
    { key: 'early', now: false, old: true },
    { key: 'late', now: true, old: false },
  ]);
  expect(await read('select retired_at::text from retired_account_numbers order by account_id')).toEqual([
    { retired_at: `${LAST}+00` },
    { retired_at: `${FIRST}+00` },
  ]);
});

test('each table with a date keeps each of its dates within the years 1000 to 9999', async () => {
  await session.query(`${INSERT_ROWS}
    insert into deletions (actor, request_id, entity, entity_id) values ('x', 'x', 'user', 1)`);
  const columns = await session.query<{ table: string; column: string }>(
    `select table_name as table, column_name as column from information_schema.columns
     where table_schema = 'public' and data_type like 'timestamp%' order by table_name, column_name`,
  );
  expect(columns.length).toBeGreaterThan(15);
  // Triggers set the time of the change themselves.
  await session.query(`
    alter table accounts disable trigger "~accounts_revision";
    alter table user_profiles disable trigger "~user_profiles_revision";
    alter table api_keys disable trigger "~api_keys_revision"`);
  for (const { table, column } of columns) {
    for (const odd of ['infinity', '-infinity', '10000-01-01 00:00:00+00', '0999-12-31 23:59:59+00']) {
      const refused = await session.refusalOf(`update ${table} set ${column} = '${odd}'`);
      expect([table, column, odd, refused]).toEqual([table, column, odd, `23514 ${table}_dates`]);
    }
  }
  await session.query(`
    alter table accounts enable always trigger "~accounts_revision";
    alter table user_profiles enable always trigger "~user_profiles_revision";
    alter table api_keys enable always trigger "~api_keys_revision"`);
});
