import { Redis } from 'ioredis';

/**
 * Invalidates every answer that this Redis holds for the database of this id. The answers may come from another
 * database: an embedded Postgres is new at each start, and the server behind the bridge may have changed.
 */
export async function forgetEntries(redisUrl: string, databaseId: string): Promise<void> {
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: null });
  redis.on('error', () => {});
  try {
    await redis.connect();
    // The next script finds no clock and begins a new epoch. No old entry belongs to it.
    await redis.del(`ea:{${databaseId}}:clock`);
  } finally {
    redis.disconnect();
  }
}
