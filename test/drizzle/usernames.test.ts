import { readdirSync, readFileSync } from 'node:fs';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { createEmptyDatabase } from '../engines/database.ts';
import { useSession } from './session.ts';

const db = useSession();
const folder = new URL('../../drizzle/migrations/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));

/** A database that has the migrations before the one that compares names. */
async function openEarlierDatabase() {
  const database = await createEmptyDatabase();
  const client = new Client({ connectionString: database.url });
  const warnings: (string | undefined)[] = [];
  client.on('notice', ({ message, severity }) => severity === 'WARNING' && warnings.push(message));
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await database.close();
  });
  const apply = async (names: readonly string[]) => {
    await client.query('begin');
    for (const name of names) await client.query(readFileSync(new URL(name, folder), 'utf8'));
    await client.query('commit');
  };
  const at = files.findIndex((name) => name.endsWith('_names.sql'));
  await apply(files.slice(0, at));
  return { client, warnings, migrate: () => apply(files.slice(at)) };
}

test('names that are alike before names are compared stay, and are listed', async () => {
  const { client, warnings, migrate } = await openEarlierDatabase();
  const names = ['admin', 'Admin', 'john doe', 'John  Doe', 'ADMIN', 'Σς', 'σΣ', 'other'];
  await client.query(`insert into users (username, email) select unnest($1::text[]), ''`, [names]);
  await migrate();
  const { rows } = await client.query('select username, username_compared, revision from users order by id');
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

test.each([
  ['ÀÉÎ', 'àéî'],
  ['ΣΊΣΥΦΟΣ', 'σίσυφος'],
  ['ЖУК', 'жук'],
  ['ԵՐԵՎԱՆ', 'երեվան'],
  ['  A \u00a0\u3000 B  ', 'a b'],
  ['\u1e9e', 'ß'],
  ['A_-.+@1', 'a_-.+@1'],
])('%j and %j are one name', async (one, other) => {
  const rows = await db.query<{ same: boolean }>(
    'select comparable_username($1) = comparable_username($2) as same',
    [one, other],
  );
  expect(rows).toEqual([{ same: true }]);
});

test.each([
  ['a b', 'ab'],
  ['émile', 'emile'],
  ['ı', 'i'],
])('%j and %j are two', async (one, other) => {
  const rows = await db.query<{ same: boolean }>(
    'select comparable_username($1) = comparable_username($2) as same',
    [one, other],
  );
  expect(rows).toEqual([{ same: false }]);
});
