import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator';
import { Client } from 'pg';

const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));
/** A database that is asleep or has many migrating at once answers late. */
const connectTimeoutMs = 60_000;
/** What a migration has found in the rows, and leaves to people; Postgres itself has other codes for its warnings. */
const raisedWarning = '01000';
const migrationLock = 7_265_201_001;

/**
 * Applies the migrations that the database does not have yet, all of them or none. Any number may run at once: they
 * take turns. Throws what `pg` throws when the server is away or refuses.
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: connectTimeoutMs });
  // Without a listener a connection that breaks ends the process; the query that it breaks fails anyway.
  client.on('error', () => {});
  client.on('notice', ({ code, message }) => {
    if (code === raisedWarning) console.warn(message);
  });
  await client.connect();
  try {
    await lock(client);
    await applyMigrations(drizzle(client), { migrationsFolder });
  } finally {
    await client.end();
  }
}

// The migrator's own `begin` is a no-op inside this transaction and its `commit` ends it, lock included. A session
// lock would not do: where all clients share one backend, as in PGlite, it keeps nobody out.
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main().catch((error: unknown) => {
    console.error(`Migration failed: ${describe(error)}`);
    process.exitCode = 1;
  });
}
