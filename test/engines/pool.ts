import { startRedis } from '../../local/redis.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { seedAnew } from './seed-anew.ts';

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
