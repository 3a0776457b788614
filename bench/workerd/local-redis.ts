import { requireServers } from '../../local/given-servers.ts';

const USUAL = 'redis://127.0.0.1:6379';

/**
 * Sets REDIS_URL to the Redis on its usual port if one answers there and none is set. The benchmark writes under keys of
 * its own there. Returns a name for the Redis in use.
 */
export async function chooseRedis(): Promise<string> {
  if (process.env['REDIS_URL']) return `the Redis of REDIS_URL`;
  try {
    await requireServers({ databaseUrl: undefined, redisUrl: USUAL });
  } catch {
    return 'the embedded Redis';
  }
  process.env['REDIS_URL'] = USUAL;
  return 'the Redis on port 6379';
}
