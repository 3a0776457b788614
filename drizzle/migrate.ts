#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client, DatabaseError } from 'pg';
import { applyMigrations, drizzle } from './orm.ts';

export const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));
/** The database may be asleep, or many migrations may run at once, so that it answers late. */
const connectTimeoutMs = 60_000;
/**
 * The SQLSTATE of warnings about rows that a migration leaves for people to decide. Postgres' own warnings have other
 * codes.
 */
const raisedWarning = '01000';
const migrationLock = 7_265_201_001;
/** The SQLSTATEs of a deadlock and of a lock that came too late. */
const lostLock = ['40P01', '55P03'];
const attempts = 5;

/**
 * Applies the migrations that the database lacks, all of them or none. Several may run at once: they take turns. Where
 * a request that runs meanwhile wins a lock, all of them are tried again, a few times. Throws `pg`'s error when the
 * server is away or refuses.
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: connectTimeoutMs });
  // A connection that breaks would end the process if it had no listener. The query on it fails anyway.
  client.on('error', () => {});
  client.on('notice', ({ code, message }) => {
    if (code === raisedWarning) console.warn(message);
  });
  await client.connect();
  try {
    for (let attempt = 1; !(await apply(client, attempt === attempts)); attempt++);
  } finally {
    await client.end();
  }
}

/** Answers false where a lock was lost, unless it is the last attempt. */
async function apply(client: Client, isLast: boolean): Promise<boolean> {
  try {
    await lock(client);
    await applyMigrations(drizzle(client), { migrationsFolder });
    return true;
  } catch (error) {
    if (isLast || !isLostLock(error)) throw error;
    await client.query('rollback');
    return false;
  }
}

function isLostLock(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof DatabaseError ? lostLock.includes(error.code ?? '') : isLostLock(error.cause);
}

// The migrator's own `begin` has no effect inside this transaction, and its `commit` ends it, with the lock. A session
// lock would exclude nobody where all clients share one backend, as in PGlite.
async function lock(client: Client): Promise<void> {
  await client.query('begin');
  await client.query('set local search_path = public');
  await client.query('select pg_advisory_xact_lock($1)', [migrationLock]);
}

async function main(): Promise<void> {
  const databaseUrl = process.env['DATABASE_URL'];
  if (!databaseUrl) throw new Error('DATABASE_URL is not set');
  if (!/^postgres(ql)?:\/\//.test(databaseUrl) || !URL.canParse(databaseUrl)) {
    throw new Error('DATABASE_URL is not a postgres:// URL');
  }
  await migrate(databaseUrl);
  console.log('The database is up to date.');
}

// An AggregateError (a host with several addresses, all refusing) has no message of its own.
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? describe(error.cause) : error.message;
}

// npm installs the command as a link to this file.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main().catch((error: unknown) => {
    console.error(`Migration failed: ${describe(error)}`);
    process.exitCode = 1;
  });
}
