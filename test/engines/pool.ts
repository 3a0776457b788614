import { Client } from 'pg';
import { startRedis } from '../../local/redis.ts';
import { seed } from '../../local/seed.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

/** The engines of one process, used again and again: starting a Postgres is dear, and V8 dislikes many that come and go. */
export interface EnginePool {
  /** A seeded database; `close` gives it back. A real server's is its own, and dropped. */
  takeDatabase(): Promise<TestDatabase>;
  /** The embedded Redis of all, or the one of REDIS_URL; keys carry the name of their database. */
  redisUrl(): Promise<string>;
  close(): Promise<void>;
}

const EMPTY = `
truncate accounts, users, user_profiles, api_keys, api_key_uses, idempotency_keys, audit_log, cache_invalidations
  restart identity cascade;
delete from cache_invalidations;`;

export function makeEnginePool(): EnginePool {
  const all: TestDatabase[] = [];
  const idle: TestDatabase[] = [];
  let redis: ReturnType<typeof startRedis> | undefined;

  const takeEmbedded = async (): Promise<TestDatabase> => {
    const known = idle.pop();
    const database = known ?? (await createTestDatabase());
    if (!known) all.push(database);
    await empty(database.url);
    await seed(database.url);
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

async function empty(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(EMPTY);
  } finally {
    await client.end();
  }
}
