import { expect, test } from 'vitest';
import { isDrawn } from '../support/scale.ts';
import { isSameUsername } from '../../src/directory/users/username.ts';
import { openEarlierDatabase } from '../support/db/earlier-database.ts';
import { useSession } from '../support/db/session.ts';

const db = useSession();

if (isDrawn(0, 3))
  test('names that are alike before names are compared stay, and are listed', async () => {
    const { client, warnings, migrate } = await openEarlierDatabase('names');
    const names = ['admin', 'Admin', 'john doe', 'John  Doe', 'ADMIN', 'Σς', 'σΣ', 'other'];
    await client.query(`insert into users (username, email) select unnest($1::text[]), ''`, [names]);
    await migrate();
    const { rows } = await client.query(
      'select username, username_compared, revision from users order by id',
    );
    expect(rows).toEqual(
      ['admin', 'admin  #2', 'john doe', 'john doe  #4', 'admin  #5', 'σσ', 'σσ  #7', 'other'].map(
        (compared, at) => ({ username: names[at], username_compared: compared, revision: '1' }),
      ),
    );
    expect(warnings.map((warning) => warning?.split(', which')[0])).toEqual([
      'user 2 is called "Admin"',
      'user 5 is called "ADMIN"',
      'user 4 is called "John  Doe"',
      'user 7 is called "σΣ"',
    ]);
    const rename = (id: number, name: string) =>
      client.query('update users set username = $2 where id = $1', [id, name]).then(
        () => 'renamed',
        ({ constraint }: { constraint?: string }) => constraint,
      );
    await client.query(`update users set email = 'x', username_compared = 'x'`);
    expect(await rename(8, 'aDmin')).toBe('users_username_compared_key');
    expect(await rename(5, 'free')).toBe('renamed');
    expect(await rename(5, 'ADMIN')).toBe('users_username_compared_key');
  }, 60_000);

if (isDrawn(1, 3))
  test.each([
    ['is deleted', 'delete from users where id = 1'],
    ['is renamed', `update users set username = 'free' where id = 1`],
  ])(
    'once the first of names that are alike %s, the next one keeps others out',
    async (_what, leave) => {
      const { client, migrate } = await openEarlierDatabase('names');
      const names = ['admin', 'Admin', 'ADMIN', 'other', 'Other'];
      await client.query(`insert into users (username, email) select unnest($1::text[]), ''`, [names]);
      await migrate();
      const readCompared = async () =>
        (
          await client.query(
            'select id::int, username_compared, revision::int from users where id > 1 order by id',
          )
        ).rows;
      const others = [
        { id: 4, username_compared: 'other', revision: 1 },
        { id: 5, username_compared: 'other  #5', revision: 1 },
      ];
      await client.query('delete from cache_invalidations');
      await client.query(leave);
      expect(await readCompared()).toEqual([
        { id: 2, username_compared: 'admin', revision: 2 },
        { id: 3, username_compared: 'admin  #3', revision: 1 },
        ...others,
      ]);
      const told = await client.query(
        'select distinct tag from cache_invalidations, unnest(tags) as tag order by tag',
      );
      expect(told.rows.map(({ tag }: { tag: string }) => tag)).toEqual(
        expect.arrayContaining(['user:2', 'username:Admin']),
      );
      const insert = `insert into users (username, email) values ('aDMIN', '')`;
      await expect(client.query(insert)).rejects.toMatchObject({ constraint: 'users_username_compared_key' });
      await client.query('delete from users where id in (2, 3)');
      await client.query(insert);
      expect(await readCompared()).toMatchObject([...others, { username_compared: 'admin' }]);
    },
    60_000,
  );

if (isDrawn(2, 3))
  test('the next of names that are alike follows a first that went before there was a trigger', async () => {
    const { client, migrate } = await openEarlierDatabase('bounds');
    await client.query(
      `insert into users (id, username, email, username_compared) values (2, 'Admin', '', 'admin  #2')`,
    );
    await migrate();
    const { rows } = await client.query('select username_compared from users');
    expect(rows).toEqual([{ username_compared: 'admin' }]);
  }, 60_000);

if (isDrawn(0, 3))
  test('a row that comes back after the first of names like it is gone keeps others out', async () => {
    const { client, migrate } = await openEarlierDatabase('names');
    await client.query(
      `insert into users (username, email) values ('admin', ''), ('Admin', ''), ('ADMIN', '')`,
    );
    await migrate();
    await client.query('create table backup as select * from users where id > 1');
    await client.query('delete from users');
    await client.query('insert into users select * from backup');
    const { rows } = await client.query('select id::int, username_compared from users order by id');
    expect(rows).toEqual([
      { id: 2, username_compared: 'admin' },
      { id: 3, username_compared: 'admin  #3' },
    ]);
  }, 60_000);

if (isDrawn(2, 3))
  test('a deletion does not compare the names that are alike again', async () => {
    const { client, migrate } = await openEarlierDatabase('names');
    await client.query(`insert into users (username, email) values ('α', ''), ('Α', ''), ('free', '')`);
    await migrate();
    await client.query(`
    create or replace function comparable_username(username text) returns text language plpgsql immutable as $$
    begin raise 'compared'; end $$`);
    expect((await client.query(`delete from users where username = 'free'`)).rowCount).toBe(1);
  }, 60_000);

test.each([
  ['ÀÉÎ', 'àéî'],
  ['ΣΊΣΥΦΟΣ', 'σίσυφος'],
  ['ЖУК', 'жук'],
  ['ԵՐԵՎԱՆ', 'երեվան'],
  ['  A \u00a0\u3000 B  ', 'a b'],
  ['\u1e9e', 'ß'],
  ['A_-.+@1', 'a_-.+@1'],
  ['A(b)[c]\\d$^', 'a(B)[C]\\D$^'],
])('%j and %j are one name', async (one, other) => {
  const rows = await db.query<{ same: boolean }>(
    'select comparable_username($1) = comparable_username($2) as same',
    [one, other],
  );
  expect(rows).toEqual([{ same: true }]);
  expect(isSameUsername(one, other)).toBe(true);
});

test.each([
  ['a b', 'ab'],
  ['émile', 'emile'],
  ['ı', 'i'],
  ['a.b', 'a-b'],
])('%j and %j are two', async (one, other) => {
  const rows = await db.query<{ same: boolean }>(
    'select comparable_username($1) = comparable_username($2) as same',
    [one, other],
  );
  expect(rows).toEqual([{ same: false }]);
  expect(isSameUsername(one, other)).toBe(false);
});
