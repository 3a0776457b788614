import { beforeEach, expect, test } from 'vitest';
import { useSession } from '../support/db/session.ts';

const db = useSession({ seed: 'each' });

// Users whom profiles can be made for.
beforeEach(() =>
  db.query(`insert into users (username, email) select 'spare ' || n, '' from generate_series(1, 30) as n`),
);

const columns: Readonly<Record<string, readonly [names: string, values: string]>> = {
  accounts: [
    'account_number, company_name',
    `(select lpad(count(*)::text, 4, '0') || '-0000-0000' from accounts), 'x'`,
  ],
  users: ['username, email', `(select 'user ' || count(*) from users), ''`],
  user_profiles: [
    'user_id, account_id',
    `(select id from users as u where not exists (select from user_profiles as p where p.user_id = u.id and p.account_id = 3)
      order by id limit 1), 3`,
  ],
  api_keys: ['name, scopes, sha256', `'x', '{}', repeat('0', 64)`],
  audit_log: [
    'actor, request_id, action, entity, entity_id, changes',
    `'root', '', 'create', 'user', 1, '{}'`,
  ],
  cache_invalidations: ['tags', `'{everything}'`],
};
const tables = Object.keys(columns);

async function insert(table: string, id: number | 'default'): Promise<number> {
  const [names, values] = columns[table] ?? [];
  const [row] = await db.query<{ id: number }>(
    `insert into ${table} (id, ${names}) values (${id}, ${values}) returning id::float8 as id`,
  );
  return row?.id ?? 0;
}

test.each(tables)('the ids of %s follow those that are inserted', async (table) => {
  const first = await insert(table, 'default');
  for (const ahead of [1, 2, 900, 5_000]) {
    const next = (await insert(table, 'default')) + ahead;
    expect(await insert(table, next)).toBe(next);
    expect(await insert(table, 'default')).toBe(next + 1);
    // One behind all that were given leaves the next one as it is.
    if (ahead > 2) await insert(table, next - 2);
    expect(await insert(table, 'default')).toBe(next + 2);
  }
  expect(first).toBeGreaterThan(0);
});

test('the first id of a table that is given leaves the second free', async () => {
  await db.query('begin');
  await db.query('truncate users restart identity cascade');
  expect(await insert('users', 1)).toBe(1);
  expect(await insert('users', 'default')).toBe(2);
  await db.query('rollback');
});

test('rows that are copied in are followed too', async () => {
  const given = [3_000_007, 3_000_005];
  await db.query(
    `insert into users (id, username, email) select id, 'many ' || id, '' from unnest($1::bigint[]) as id`,
    [given],
  );
  expect(await insert('users', 'default')).toBe(3_000_008);
});

test('an id at the end of what can be counted is not followed', async () => {
  const next = await insert('users', 'default');
  await insert('users', Number.MAX_SAFE_INTEGER);
  expect(await insert('users', 'default')).toBe(next + 1);
});

test('a sequence that was set far ahead blocks nobody until the transaction ends', async () => {
  await db.query('begin');
  await insert('users', (await insert('users', 'default')) + 100_000);
  const locks = await db.query(
    `select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
  );
  await db.query('rollback');
  expect(locks).toEqual([]);
});
