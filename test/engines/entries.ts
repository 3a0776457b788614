import { Redis } from 'ioredis';

/** Deletes every key of the product that belongs to the database with this id. */
export async function deleteEntries(redis: Redis, databaseId: string): Promise<void> {
  const prefix = `ea:{${databaseId}}:`;
  const keys = await redis.keys(`${prefix.replaceAll(/[[\]{}*?\\]/g, '\\$&')}*`);
  if (keys.length > 0) await redis.del(...keys);
}

/** The same over a connection of its own. */
export async function deleteEntriesAt(redisUrl: string, databaseId: string): Promise<void> {
  const redis = new Redis(redisUrl);
  try {
    await deleteEntries(redis, databaseId);
  } finally {
    redis.disconnect();
  }
}
