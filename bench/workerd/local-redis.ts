import { requireServers } from '../../local/given-servers.ts';

const USUAL = 'redis://127.0.0.1:6379';

/**
 * Names the Redis on its usual port by REDIS_URL, for the engines to come, when one answers there and none is named.
 * What is written goes under keys of our own. Answers which Redis will be used.
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
