import { beforeEach, describe, expect, test } from 'vitest';
import { useSession } from '../support/db/session.ts';

const db = useSession({ seed: 'each' });
const KEY = `insert into api_keys (id, name, scopes, sha256) values (1, 'x', '{}', repeat('0', 64))`;

beforeEach(() => db.query(KEY));

test.each([
  ['accounts', 'company_name'],
  ['users', 'first_name'],
  ['user_profiles', 'name'],
  ['api_keys', 'name'],
])(
  'a change of %s raises the revision by one, and one that changes nothing leaves the row',
  async (table, column) => {
    const change = (value: string) =>
      db.query(`update ${table} set ${column} = '${value}' where id = 1 returning *`);
    const [first] = await change('y');
    const [second] = await change('y');
    const [third] = await change('z');
    expect([first?.['revision'], third?.['revision']]).toEqual(['2', '3']);
    expect(second).toEqual(first);
  },
);

test.each(['accounts', 'users', 'user_profiles'])(
  'a statement cannot set the revision of %s',
  async (table) => {
    const [row] = await db.query(`update ${table} set revision = 1000 where id = 2 returning revision`);
    expect(row).toEqual({ revision: '2' });
  },
);

test('an upsert raises the revision of the row that it changes', async () => {
  const [row] = await db.query(
    `insert into users (username, email) values ('johndoe', 'new@example.com')
     on conflict (username) do update set email = excluded.email returning revision`,
  );
  expect(row).toEqual({ revision: '2' });
});

test.each(['accounts', 'user_profiles'])('every update of %s sets the time of its change', async (table) => {
  const rows = await db.query(
    `update ${table} set updated_at = '2001-01-01' where id = 3 returning updated_at = now() as set, updated_at > created_at as later`,
  );
  expect(rows).toEqual([{ set: true, later: true }]);
});

test('an update in a session of the replica role raises the revision too', async () => {
  await db.query('begin');
  await db.query('set local session_replication_role = replica');
  const [row] = await db.query(`update users set email = '' where id = 7 returning revision`);
  await db.query('rollback');
  expect(row).toEqual({ revision: '2' });
});

describe('a row made again under its id', () => {
  const makeAgain: Readonly<Record<string, string>> = {
    accounts: `insert into accounts (id, account_number, company_name) values (90, '0000-0000-0090', 'x')`,
    users: `insert into users (id, username, email) values (90, 'again', '')`,
    user_profiles: `insert into user_profiles (id, user_id, account_id) values (90, 5, 3)`,
    api_keys: `insert into api_keys (id, name, scopes, sha256) values (90, 'x', '{}', repeat('0', 64))`,
  };
  const tables = Object.entries(makeAgain);
  const revisionOf = async (sql: string) =>
    (await db.query(`${sql} returning revision::int`))[0]?.['revision'];
  const touch = (table: string) =>
    `update ${table} set ${table === 'accounts' ? 'city' : table === 'users' ? 'first_name' : 'name'} = 'touched' where id = 90`;

  test.each(tables)('of %s begins above the last revision', async (table, insert) => {
    expect(await revisionOf(insert)).toBe(1);
    expect(await revisionOf(touch(table))).toBe(2);
    await db.query(`delete from ${table} where id = 90`);
    expect(await revisionOf(insert)).toBe(3);
    await db.query(`delete from ${table} where id = 90`);
    expect(await revisionOf(insert)).toBe(4);
    await db.query(`delete from ${table} where id = 90`);
    expect(await revisionOf(insert.replace(/\((?=id)/, '(revision, ').replace('(90', '(40, 90'))).toBe(40);
  });

  test.each(tables)('of %s does so in the statement that deletes it', async (table, insert) => {
    await db.query(`delete from ${table} where id = 90`);
    const before = await revisionOf(insert);
    const [, columns = '', values = ''] = /\((.+?)\) values \((.+)\)$/.exec(insert) ?? [];
    const again = await revisionOf(
      `with gone as (delete from ${table} where id = 90 returning id)
       insert into ${table} (${columns}) select ${values} from gone`,
    );
    expect(again).toBe(Number(before) + 1);
    await db.query(`delete from ${table} where id = 90`);
  });

  test('whose deletion is a cascade does so', async () => {
    await db.query(makeAgain['users'] ?? '');
    await db.query(`insert into user_profiles (id, user_id, account_id) values (91, 90, 3)`);
    await db.query(`delete from users where id = 90`);
    await db.query(makeAgain['users'] ?? '');
    expect(await revisionOf(`insert into user_profiles (id, user_id, account_id) values (91, 90, 3)`)).toBe(
      2,
    );
    await db.query(`delete from users where id = 90`);
  });

  test('after a session of the replica role has deleted it does so', async () => {
    await db.query(makeAgain['users'] ?? '');
    const [before] = await db.query('select revision::int from users where id = 90');
    await db.query(
      'begin; set local session_replication_role = replica; delete from users where id = 90; commit',
    );
    expect(await revisionOf(makeAgain['users'] ?? '')).toBe(Number(before?.['revision']) + 1);
  });

  test.each(tables)(
    'after TRUNCATE of %s begins above all, and anew with RESTART IDENTITY',
    async (table, insert) => {
      await db.query('begin');
      await db.query(`update ${table} set revision = 0 where id = 1`);
      const [{ last } = { last: 0 }] = await db.query<{ last: number }>(
        `select max(revision)::int as last from ${table}`,
      );
      await db.query(`truncate ${table} cascade`);
      await db.query('set local session_replication_role = replica');
      expect(await revisionOf(insert)).toBeGreaterThan(last);
      await db.query(`truncate ${table} restart identity cascade`);
      expect(await revisionOf(insert)).toBe(1);
      await db.query('rollback');
    },
  );
});
