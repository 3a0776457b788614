import { Redis } from 'ioredis';
import { Client } from 'pg';
import { describe } from './describe.ts';

const CONNECT_LIMIT_MS = 5_000;

/** Throws one sentence when a server given by URL cannot be reached or refuses the connection. */
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
  // A connection that breaks later would end the process if it had no listener.
  client.on('error', () => {});
  await client.connect();
  await client.end();
}

async function tryRedis(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_LIMIT_MS,
    commandTimeout: CONNECT_LIMIT_MS,
    // The ready check is a command without a time limit.
    enableReadyCheck: false,
    retryStrategy: null,
  });
  // The reason for the refusal. The rejection below may only say that the connection is closed, or nothing.
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
