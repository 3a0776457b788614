import { readMigrationFiles } from 'drizzle-orm/migrator';
import { Client } from 'pg';
import { migrationsFolder } from '../drizzle/migrate.ts';

/**
 * Throws one sentence when the database has had a migration that this version does not know. Its schema is then a newer
 * one, or that of another branch.
 */
export async function requireKnownMigrations(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ hash: string }>('select hash from drizzle.__drizzle_migrations');
    const known = new Set(readMigrationFiles({ migrationsFolder }).map(({ hash }) => hash));
    if (rows.every(({ hash }) => known.has(hash))) return;
    throw new Error('it has migrations that this version does not know');
  } finally {
    await client.end();
  }
}
