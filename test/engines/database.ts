import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { migrate } from '../../drizzle/migrate.ts';
import { startPostgres } from '../../local/postgres.ts';
import { seed } from '../../local/seed.ts';
import { isRun } from './run-server.ts';
import { startPostgresIn } from './saved-states.ts';

export interface TestDatabase {
  url: string;
  close(): Promise<void>;
}

/**
 * A migrated database for one test file. It is embedded, or, if DATABASE_URL names a server, a database of its own
 * there, which `close` drops.
 */
export async function createTestDatabase(options: { seed?: boolean } = {}): Promise<TestDatabase> {
  const serverUrl = process.env['DATABASE_URL'];
  if (!serverUrl && isRun()) return startPostgresIn(options.seed ? 'seeded' : 'migrated');
  const database = await createEmptyDatabase();
  await migrate(database.url);
  if (options.seed) await seed(database.url);
  return database;
}

/** The same database without tables. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  const serverUrl = process.env['DATABASE_URL'];
  if (serverUrl) return createDatabaseOn(serverUrl);
  return isRun() ? startPostgresIn('empty') : startPostgres({ port: 0 });
}

async function createDatabaseOn(serverUrl: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await runOn(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = name;
  return { url: url.href, close: () => runOn(serverUrl, `drop database ${name} with (force)`) };
}

async function runOn(serverUrl: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
