import { Client } from 'pg';
import { migrationsFolder } from '../drizzle/migrate.ts';
import { readMigrationFiles } from '../drizzle/orm.ts';

/**
 * Throws one sentence when the database has had a migration that this version does not know. Its schema is then a newer
 * one, or that of another branch.
 */
export async function requireKnownMigrations(databaseUrl: string): Promise<void> {
  const known = new Set(readMigrationFiles({ migrationsFolder }).map(({ hash }) => hash));
  const hashes = await readHashes(databaseUrl);
  if (!hashes.every((hash) => known.has(hash)))
    throw new Error('it has migrations that this version does not know');
}

/** The hashes of the migrations that the database has had; none in a new database, which has no table of them. */
async function readHashes(databaseUrl: string): Promise<string[]> {
  const client = new Client({ connectionString: databaseUrl });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows: tables } = await client.query(
      `select where to_regclass('drizzle.__drizzle_migrations') is not null`,
    );
    if (tables.length === 0) return [];
    const { rows } = await client.query<{ hash: string }>('select hash from drizzle.__drizzle_migrations');
    return rows.map(({ hash }) => hash);
  } finally {
    await client.end();
  }
}
