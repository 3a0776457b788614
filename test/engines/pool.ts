import { Client } from 'pg';
import { startRedis } from '../../local/redis.ts';
import { seed } from '../../local/seed.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

/**
 * The engines of one process, which its test files reuse: a Postgres is slow to start, and V8 may end the process when many come and
 * go.
 */
export interface EnginePool {
  /** A seeded database; `close` gives it back. On a real server the database is new, and `close` drops it. */
  takeDatabase(): Promise<TestDatabase>;
  /** The embedded Redis that all share, or the one of REDIS_URL. Keys carry the name of their database. */
  redisUrl(): Promise<string>;
  close(): Promise<void>;
}

const TABLES = `
select string_agg(format('%I.%I', schemaname, tablename), ', ') as names from pg_tables where schemaname = 'public'`;

export function makeEnginePool(): EnginePool {
  const all: TestDatabase[] = [];
  const idle: TestDatabase[] = [];
  let redis: ReturnType<typeof startRedis> | undefined;

  const takeEmbedded = async (): Promise<TestDatabase> => {
    const known = idle.pop();
    const database = known ?? (await createTestDatabase({ seed: true }));
    if (known) await seedAnew(known.url);
    else all.push(database);
    return { url: database.url, close: async () => void idle.push(database) };
  };

  return {
    takeDatabase: () => (process.env['DATABASE_URL'] ? createTestDatabase({ seed: true }) : takeEmbedded()),
    redisUrl: async () => process.env['REDIS_URL'] ?? (await (redis ??= startRedis({ port: 0 }))).url,
    close: async () => {
      await Promise.all(all.map((database) => database.close()));
      await (await redis)?.close();
    },
  };
}

/** Empties a migrated database, and seeds it. */
export async function seedAnew(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ names: string }>(TABLES);
    await client.query(`truncate ${rows[0]?.names} restart identity cascade`);
    await client.query('delete from cache_invalidations');
  } finally {
    await client.end();
  }
  await seed(url);
}
