import { Redis } from 'ioredis';

/**
 * Makes invalid every answer that a Redis holds for the database that Workers know by `databaseUrl`. Another one may
 * have had that name: an embedded Postgres is new at each start, and the server behind the bridge may have changed.
 */
export async function forgetEntries(redisUrl: string, databaseUrl: string): Promise<void> {
  const { host, pathname } = new URL(databaseUrl);
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: null });
  redis.on('error', () => {});
  try {
    await redis.connect();
    // Without a clock the next script begins a new epoch, to which no entry belongs.
    await redis.del(`ea:{${host}${pathname}}:clock`);
  } finally {
    redis.disconnect();
  }
}
