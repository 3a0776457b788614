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

/** The entries that a transaction that names nobody leaves in the audit log, with the numbers of the accounts in whose log each entry is. */
async function leftBy(sql: string, role = ''): Promise<Record<string, unknown>[]> {
  await db.query('begin');
  try {
    await db.query('delete from audit_log');
    if (role !== '') await db.query(role);
    await db.query(sql);
    await db.query('reset role');
    const rows = await db.query<{ logs: string[] }>(`
      select actor, action, entity, entity_id::int, account_number, username, key_name, changes -> 'rows' as rows,
        array(select account_number from audit_log_accounts as a where a.id = l.id and a.at = l.at and a.entity = l.entity order by 1) as logs
      from audit_log as l order by id`);
    return rows.map(({ logs, ...row }) => ({ ...row, of: logs }));
  } finally {
    await db.query('rollback');
  }
}

const SMARTER = '3141-5926-5359';
const STACKADEMY = '1234-5678-9012';
const nameless = { account_number: null, username: null, key_name: null, rows: null };

test('who names no actor is noted by the role', async () => {
  const [entry] = await leftBy(`update users set first_name = 'J' where id = 3`);
  expect(entry).toMatchObject({ actor: 'sql:postgres', action: 'update', entity: 'user', entity_id: 3 });
  const role = 'create role billing; grant update, select on users to billing; set local role billing';
  const [other] = await leftBy(`update users set first_name = 'J' where id = 3`, role);
  expect(other).toMatchObject({ actor: 'sql:billing' });
});

test('an entry has the names of before, and is in the log of every account that it concerns', async () => {
  const by = { ...nameless, actor: 'sql:postgres' };
  const insertKey = (name: string, account: string) =>
    `insert into api_keys (id, name, scopes, account_id, sha256) values (60, '${name}', '{}', ${account}, repeat('0', 64))`;
  expect(await leftBy(`update users set username = 'both_of_them' where id = 6`)).toEqual([
    { ...by, action: 'update', entity: 'user', entity_id: 6, username: 'both', of: [STACKADEMY, SMARTER] },
  ]);
  expect(await leftBy(`update users set first_name = 'N' where id = 5`)).toMatchObject([
    { username: 'nomad', of: [] },
  ]);
  expect(await leftBy(`update accounts set city = 'Bern' where id = 2`)).toEqual([
    {
      ...by,
      action: 'update',
      entity: 'account',
      entity_id: 2,
      account_number: STACKADEMY,
      of: [STACKADEMY],
    },
  ]);
  expect(await leftBy(`update user_profiles set name = 'x' where id = 3`)).toMatchObject([
    { entity: 'user_profile', account_number: STACKADEMY, username: 'johndoe', of: [STACKADEMY] },
  ]);
  expect(await leftBy(insertKey('front', '2'))).toMatchObject([
    { entity: 'api_key', account_number: STACKADEMY, key_name: 'front', of: [STACKADEMY] },
  ]);
  expect(await leftBy(insertKey('root', 'null'))).toMatchObject([
    { entity: 'api_key', account_number: null, key_name: 'root', of: [] },
  ]);
});

test('who comes with a membership or goes with it is in the log of that account, whichever is written first', async () => {
  const join = `insert into user_profiles (user_id, account_id) values (70, 2)`;
  const create = `insert into users (id, username, email) values (70, 'new', '')`;
  const renamed = `update users set first_name = 'N' where id = 70`;
  expect(await leftBy(`${create}; ${renamed}; ${join}; ${renamed.replace("'N'", "'M'")}`)).toMatchObject([
    { action: 'create', entity: 'user', username: 'new', of: [STACKADEMY] },
    { action: 'update', entity: 'user', of: [] },
    { action: 'create', entity: 'user_profile', username: 'new', of: [STACKADEMY] },
    { action: 'update', entity: 'user', of: [STACKADEMY] },
  ]);
  const leave = `delete from user_profiles where user_id = 3`;
  expect(await leftBy(`${leave}; delete from users where id = 3`)).toMatchObject([
    { action: 'delete', entity: 'user_profile', of: [STACKADEMY] },
    { action: 'delete', entity: 'user', username: 'johndoe', of: [STACKADEMY] },
  ]);
});

test('what becomes of a user who has left is in the log of the next account alone, also in the same transaction', async () => {
  const move = `delete from user_profiles where user_id = 3; insert into user_profiles (user_id, account_id) values (3, 1)`;
  expect(
    (await leftBy(`${move}; update users set first_name = 'elsewhere' where id = 3`)).at(-1),
  ).toMatchObject({
    action: 'update',
    entity: 'user',
    of: [SMARTER],
  });
});

test('an account that gets the id of another one has a log of its own', async () => {
  const again = `delete from accounts where id = 4;
    insert into accounts (id, account_number, company_name) values (4, '9999-0000-0001', 'Other')`;
  const left = await leftBy(again);
  expect(left.at(-1)).toMatchObject({ action: 'create', entity: 'account', of: ['9999-0000-0001'] });
  expect(left.filter(({ of }) => (of as string[]).includes('9999-0000-0001'))).toHaveLength(1);
});

test('what leaves the audit log leaves the logs of accounts', async () => {
  const listed = async (emptying: string) => {
    await db.query(`begin; update users set first_name = 'J' where id = 3; ${emptying}`);
    const rows = await db.query('select from audit_log_accounts');
    await db.query('rollback');
    return rows.length;
  };
  expect(await listed('select')).toBeGreaterThan(0);
  expect(await listed('delete from audit_log')).toBe(0);
  expect(await listed('truncate audit_log restart identity')).toBe(0);
});

test('rows of the transaction before are read by their user, not all of them for each', async () => {
  const members = (count: number) => `
    insert into users (id, username, email) select 1000 + n, 'member' || n, '' from generate_series(1, ${count}) as n;
    insert into user_profiles (user_id, account_id) select 1000 + n, 1 from generate_series(1, ${count}) as n`;
  await db.query(`begin; select set_config('edge_accounts.actor', 'tester', true); ${members(3_000)}`);
  const read = async () => {
    const [row] = await db.query<{ read: string }>(
      `select sum(idx_tup_fetch + idx_tup_read)::text as read from pg_stat_xact_user_tables, lateral (select 0 as idx_tup_read) as x where relname = 'audit_log'`,
    );
    return Number(row?.read);
  };
  const before = await read();
  await db.query(`delete from users where id > 1000`);
  const fetched = (await read()) - before;
  await db.query('rollback');
  expect(fetched).toBeLessThan(3_000 * 20);
});

test('what a deletion takes along has the names of what is gone', async () => {
  expect(await leftBy('delete from users where id = 6')).toMatchObject([
    { action: 'delete', entity: 'user', username: 'both', of: [STACKADEMY, SMARTER] },
    { entity: 'user_profile', username: 'both', of: expect.any(Array) as unknown },
    { entity: 'user_profile', username: 'both', of: expect.any(Array) as unknown },
  ]);
  const key = `insert into api_keys (id, name, scopes, account_id, sha256) values (61, 'k', '{}', 4, repeat('0', 64))`;
  const left = await leftBy(`${key}; delete from accounts where id = 4`);
  expect(left.slice(1).map(({ entity, account_number: number, of }) => [entity, number, of])).toEqual(
    expect.arrayContaining([
      ['account', '1618-0339-8874', ['1618-0339-8874']],
      ['user_profile', '1618-0339-8874', ['1618-0339-8874']],
      ['api_key', '1618-0339-8874', ['1618-0339-8874']],
    ]),
  );
});

test('many rows of one account have one entry in its log, and those of several are in none', async () => {
  const insert = `insert into users (id, username, email) select 1000 + n, 'many' || n, '' from generate_series(1, 1001) as n`;
  const join = (account: string) =>
    `insert into user_profiles (user_id, account_id) select id, ${account} from users where id > 1000`;
  const entry = { action: 'create', entity: 'user_profile', rows: [0, 1_001] };
  expect((await leftBy(`${insert}; ${join('2')}`)).at(-1)).toMatchObject({
    ...entry,
    account_number: STACKADEMY,
    of: [STACKADEMY],
  });
  expect((await leftBy(`${insert}; ${join('1 + id % 2')}`)).at(-1)).toMatchObject({
    ...entry,
    account_number: null,
    of: [],
  });
  const gone = await leftBy(`${insert}; ${join('4')}; delete from accounts where id = 4`);
  expect(gone.slice(-2)).toMatchObject([
    { action: 'delete', entity: 'account', of: ['1618-0339-8874'] },
    { action: 'delete', entity: 'user_profile', rows: [1_002, 0], of: ['1618-0339-8874'] },
  ]);
});

test('a statement of many rows by nobody has one entry with their number', async () => {
  const insert = (count: number) =>
    `insert into users (username, email) select 'many' || n, 'many@example.com' from generate_series(1, ${count}) as n`;
  const one = { ...nameless, actor: 'sql:postgres', entity: 'user', entity_id: null, of: [] };
  expect(await leftBy(insert(1_000))).toHaveLength(1_000);
  expect(await leftBy(insert(1_001))).toEqual([{ ...one, action: 'create', rows: [0, 1_001] }]);
  const many = `where email = 'many@example.com'`;
  // A row that stays as it is has no entry.
  const update = `update users set first_name = case username when 'many1' then first_name else 'x' end ${many}`;
  expect((await leftBy(`${insert(1_002)}; ${update}; delete from users ${many}`)).slice(1)).toEqual([
    { ...one, action: 'update', rows: [1_001, 1_001] },
    { ...one, action: 'delete', rows: [1_002, 0] },
  ]);
  expect((await leftBy(`${insert(1_001)}; ${update}`)).slice(1)).toHaveLength(1_000);
});

test('a named actor has an entry for each of many rows', async () => {
  const rows = await auditOf(
    `insert into users (username, email) select 'many' || n, '' from generate_series(1, 1001) as n`,
  );
  expect(rows).toHaveLength(1_001);
});

test('TRUNCATE by nobody is noted with the role', async () => {
  expect(await leftBy('truncate users cascade')).toMatchObject([
    { actor: 'sql:postgres', action: 'truncate', entity: 'user', rows: [7, 0], of: [] },
    { actor: 'sql:postgres', action: 'truncate', entity: 'user_profile', rows: [7, 0] },
  ]);
});

test('what names are compared by is no change of a user', async () => {
  const rows = await auditOf(`insert into users (id, username, email) values (51, 'Some One', '');
    update users set username = 'Another' where id = 51; delete from users where id = 51`);
  expect(rows).toHaveLength(3);
  for (const { changes } of rows) expect(Object.keys(Object(changes))).not.toContain('username_compared');
});
