import { Redis } from 'ioredis';

/**
 * Makes invalid every answer that a Redis holds for the database that Workers know by this id. Another one may have had
 * it: an embedded Postgres is new at each start, and the server behind the bridge may have changed.
 */
export async function forgetEntries(redisUrl: string, databaseId: string): Promise<void> {
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: null });
  redis.on('error', () => {});
  try {
    await redis.connect();
    // Without a clock the next script begins a new epoch, to which no entry belongs.
    await redis.del(`ea:{${databaseId}}:clock`);
  } finally {
    redis.disconnect();
  }
}
