import { expect, test } from 'vitest';
import { useSession } from '../support/db/session.ts';

const db = useSession({ seed: true });

/** What a transaction of a named actor leaves in the audit log. */
async function auditOf(sql: string, settings = ''): Promise<Record<string, unknown>[]> {
  await db.query('begin');
  try {
    await db.query(`${settings}; select set_config('edge_accounts.actor', 'tester', true)`);
    await db.query('delete from audit_log');
    await db.query(sql);
    return await db.query(
      'select action, entity, entity_id::int, changes from audit_log order by entity, id',
    );
  } finally {
    await db.query('rollback');
  }
}

test.each([
  ['accounts', 'created_at'],
  ['users', 'last_login'],
  ['user_profiles', 'created_at'],
])('times of %s are noted in UTC, by ISO 8601, whatever the session says', async (table, column) => {
  const settings = `set local timezone = 'Europe/Paris'; set local datestyle = 'SQL, DMY'`;
  const [row] = await auditOf(
    `update ${table} set ${column} = '1900-01-02T03:04:05.678901Z' where id = 3`,
    settings,
  );
  const { changes } = row as { changes: Record<string, unknown[]> };
  expect(changes[column]?.[1]).toBe('1900-01-02T03:04:05.678901+00:00');
});

test('times of a row that comes or goes are noted alike', async () => {
  const settings = `set local timezone = 'Asia/Kolkata'; set local datestyle = 'German'`;
  const made = `insert into users (id, username, email, date_joined) values (50, 'x', '', '1900-01-02T03:04:05Z')`;
  const rows = await auditOf(`${made}; delete from users where id = 50`, settings);
  const time = '1900-01-02T03:04:05+00:00';
  expect(rows.map(({ changes }) => (changes as Record<string, unknown>)['date_joined'])).toEqual([
    [null, time],
    [time, null],
  ]);
});

test('an update that changes nothing leaves no entry, and of two rows the one that it changes leaves one', async () => {
  expect(await auditOf(`update users set email = email`)).toEqual([]);
  expect(await auditOf(`update users set first_name = case id when 3 then 'J' else first_name end`)).toEqual([
    {
      action: 'update',
      entity: 'user',
      entity_id: 3,
      changes: { first_name: ['', 'J'], revision: [1, 2] },
    },
  ]);
});

test('TRUNCATE leaves an entry for each table that it empties', async () => {
  expect(await auditOf('truncate users cascade')).toEqual([
    { action: 'truncate', entity: 'user', entity_id: null, changes: { rows: [7, 0] } },
    { action: 'truncate', entity: 'user_profile', entity_id: null, changes: { rows: [7, 0] } },
  ]);
  expect(await auditOf('truncate api_keys cascade')).toMatchObject([
    { action: 'truncate', entity: 'api_key' },
  ]);
  const accounts = await auditOf('truncate accounts cascade');
  expect(accounts.map(({ entity }) => entity)).toEqual(['account', 'user_profile']);
});

test('without an actor nothing is noted', async () => {
  await db.query('begin');
  await db.query('truncate users cascade');
  const rows = await db.query('select from audit_log');
  await db.query('rollback');
  expect(rows).toEqual([]);
});

test('what names are compared by is no change of a user', async () => {
  const rows = await auditOf(`insert into users (id, username, email) values (51, 'Some One', '');
    update users set username = 'Another' where id = 51; delete from users where id = 51`);
  expect(rows).toHaveLength(3);
  for (const { changes } of rows) expect(Object.keys(Object(changes))).not.toContain('username_compared');
});
