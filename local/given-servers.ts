import { Redis } from 'ioredis';
import { Client } from 'pg';
import { describe } from './describe.ts';

const CONNECT_LIMIT_MS = 5_000;

/** Throws one sentence when a server given by URL cannot be reached, or refuses. */
export async function requireServers(urls: {
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
}): Promise<void> {
  if (urls.databaseUrl) await explain('DATABASE_URL', 'Postgres', tryPostgres(urls.databaseUrl));
  if (urls.redisUrl) await explain('REDIS_URL', 'Redis', tryRedis(urls.redisUrl));
}

async function explain(name: string, server: string, attempt: Promise<void>): Promise<void> {
  await attempt.catch((error: unknown) => {
    throw new Error(`the ${server} of ${name} cannot be used: ${describe(error)}`, { cause: error });
  });
}

async function tryPostgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_LIMIT_MS });
  // Without a listener a connection that breaks later ends the process.
  client.on('error', () => {});
  await client.connect();
  await client.end();
}

async function tryRedis(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_LIMIT_MS,
    commandTimeout: CONNECT_LIMIT_MS,
    // That one would wait without a limit.
    enableReadyCheck: false,
    retryStrategy: null,
  });
  // Why it was refused; what rejects below may only say that the connection is closed, or nothing at all.
  const reasons: Error[] = [];
  redis.on('error', (error) => reasons.push(error));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    reasons.push(error instanceof Error ? error : new Error(String(error)));
  } finally {
    redis.disconnect();
  }
  if (reasons[0]) throw reasons[0];
}
