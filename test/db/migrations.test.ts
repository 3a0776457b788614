import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { readdirSync, readFileSync } from 'node:fs';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from '../../drizzle/migrate.ts';
import { createEmptyDatabase } from '../engines/database.ts';
import { openEarlierDatabase } from '../support/db/earlier-database.ts';

const folder = new URL('../../drizzle/migrations/', import.meta.url);
const script = new URL('../../drizzle/migrate.ts', import.meta.url).pathname;
const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));

async function emptyDatabase(): Promise<string> {
  const database = await createEmptyDatabase();
  onTestFinished(() => database.close());
  return database.url;
}

async function read(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function runScript(databaseUrl?: string) {
  const { DATABASE_URL: _, ...env } = process.env;
  const child = spawn(process.execPath, [script], {
    env: databaseUrl === undefined ? env : { ...env, DATABASE_URL: databaseUrl },
  });
  const [output, complaint, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ]);
  return { output, complaint, code };
}

test.each(files)('%s ends by invalidating everything', (name) => {
  const sql = readFileSync(new URL(name, folder), 'utf8').toLowerCase().replaceAll('"', '').trim();
  expect(sql.endsWith(`insert into public.cache_invalidations (tags) values ('{everything}');`)).toBe(true);
});

test('migrations that run at once, and again, are applied once', async () => {
  const url = await emptyDatabase();
  await Promise.all(Array.from({ length: 5 }, () => migrate(url)));
  await migrate(url);
  const applied = await read(url, 'select id from drizzle.__drizzle_migrations');
  expect(applied).toHaveLength(files.length);
  const outbox = await read(url, 'select tags from cache_invalidations');
  expect(outbox).toEqual(files.map(() => ({ tags: ['everything'] })));
});

test('every trigger fires whatever the role of the session', async () => {
  const url = await emptyDatabase();
  await migrate(url);
  const rows = await read(
    url,
    `select count(*) > 0 as some, bool_and(tgenabled = 'A') as always from pg_trigger where not tgisinternal`,
  );
  expect(rows).toEqual([{ some: true, always: true }]);
});

test('the audit log never joins the rows of a statement by nested loops, whatever plan a session has kept', async () => {
  const url = await emptyDatabase();
  await migrate(url);
  const rows = await read(
    url,
    `select 'enable_nestloop=off' = any(proconfig) as off from pg_proc where proname = 'write_audit'`,
  );
  expect(rows).toEqual([{ off: true }]);
});

// The embedded Postgres has no second session to wait for.
test.skipIf(!process.env['DATABASE_URL'])(
  'a creation with an Idempotency-Key and the migration of dates meet no deadlock',
  async () => {
    const { client, url, migrate: apply } = await openEarlierDatabase('bounds');
    const other = new Client({ connectionString: url });
    await other.connect();
    await other.query(`begin; select set_config('edge_accounts.actor', 'test', true)`);
    await other.query(`insert into idempotency_keys (caller, key, request_sha256) values ('test', 'x', $1)`, [
      '0'.repeat(64),
    ]);
    const pid = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const applied = apply();
    const isWaiting = 'select from pg_locks where not granted and pid = $1';
    while ((await other.query(isWaiting, [pid.rows[0]?.pid])).rowCount === 0);
    await other.query(`insert into accounts (account_number, company_name) values ('9000-0000-0001', 'x')`);
    await other.query('commit');
    await other.end();
    await applied;
    const { rows } = await client.query('select count(*)::int from audit_log');
    expect(rows).toEqual([{ count: 1 }]);
  },
);

test('a migration that fails leaves nothing behind', async () => {
  const url = await emptyDatabase();
  await read(url, 'create function public.refuse_change() returns int language sql as $$ select 1 $$');
  await expect(migrate(url)).rejects.toThrow('refuse_change');
  expect(
    await read(url, `select tablename from pg_tables where schemaname in ('public', 'drizzle')`),
  ).toEqual([]);
});

test('the script migrates the database of DATABASE_URL', async () => {
  const url = await emptyDatabase();
  expect(await runScript(url)).toEqual({ output: 'The database is up to date.\n', complaint: '', code: 0 });
  expect(await read(url, 'select from users')).toEqual([]);
});

test.each([
  [undefined, 'Migration failed: DATABASE_URL is not set\n'],
  ['nonsense', 'Migration failed: DATABASE_URL is not a postgres:// URL\n'],
  ['postgres://postgres@127.0.0.1:1/postgres', 'Migration failed: connect ECONNREFUSED 127.0.0.1:1\n'],
])('with DATABASE_URL %s the script says why in one sentence', async (url, complaint) => {
  expect(await runScript(url)).toEqual({ output: '', complaint, code: 1 });
});
