import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { Cache } from '../../src/cache/cache.ts';
import { drain, type Drained, type Outbox } from '../../src/cache/drain.ts';
import { makeSharedStore } from '../../src/cache/shared/shared-store.ts';
import { makeUpstash } from '../../src/cache/shared/upstash.ts';
import { type Db, makeDb } from '../../src/db/client/client.ts';
import { makeOutbox } from '../../src/jobs/outbox.ts';
import { createTestDatabase } from '../../test/engines/database.ts';
import { type Engines, startEngines } from '../../test/processes/engines.ts';
import { makeCache } from '../sides/our-cache.ts';
import { countRequests, type Requests } from '../workerd/bridge-counts.ts';

/** The stores with an outbox to fill and to drain, each behind its protocol as in production. */
export interface DrainStores {
  readonly db: Db;
  readonly env: Engines['env'];
  readonly outbox: Outbox;
  drain(outbox: Outbox): Promise<Drained>;
  /** The requests that an action has made to the stores. */
  countRequests(action: () => Promise<unknown>): Promise<Requests>;
  /** Gives the outbox exactly so many rows of so many tags each. No tag occurs twice. */
  replace(rows: number, tagsOfEach: number): Promise<void>;
  /** Makes rows that were invalidated once due for the second time. */
  age(): Promise<void>;
  countRows(condition?: 'invalidated_at is null'): Promise<number>;
  close(): Promise<void>;
}

/** The seed of the faults of the bridges. This run sets none. */
const NO_FAULTS = 1;
const DEADLINE_MS = 30_000;
const LEASE_MS = 2_000;
/** The tags of one statement. An embedded Postgres has the memory for so many. */
const PORTION = 100_000;
/** The number of keys that one command deletes. */
const KEYS_PER_CALL = 1_000;

/**
 * Starts the stores on the servers of DATABASE_URL and REDIS_URL, in a database of their own, or else on the embedded
 * ones.
 */
export async function openDrainStores(): Promise<DrainStores> {
  const database = process.env['DATABASE_URL'] ? await createTestDatabase() : null;
  if (database) process.env['DATABASE_URL'] = database.url;
  const engines = await startEngines(NO_FAULTS);
  const { env } = engines;
  const client = new Client({ connectionString: engines.postgresUrl });
  await client.connect();
  const db = makeDb(env['DATABASE_URL'] ?? '', DEADLINE_MS);
  const cache = makeDrainingCache(env);
  const run = async (text: string, values: unknown[] = []): Promise<void> =>
    void (await client.query(text, values));
  return {
    db,
    env,
    outbox: makeOutbox(db),
    drain: (outbox) => drain(cache, outbox),
    countRequests: (action) => countRequests(engines, async () => void (await action())),
    async replace(rows, tagsOfEach) {
      await run('truncate cache_invalidations');
      for (let first = 1; first <= rows; first += PORTION)
        await run(
          `insert into cache_invalidations (tags)
           select (select array_agg('user:' || row || '-' || n) from generate_series(1, $3::int) as n)
           from generate_series($1::int, $2::int) as row`,
          [first, Math.min(rows, first + PORTION - 1), tagsOfEach],
        );
    },
    age: () => run(`update cache_invalidations set invalidated_at = now() - interval '1 minute'`),
    async countRows(condition) {
      const where = condition ? `where ${condition}` : '';
      const { rows } = await client.query<{ count: number }>(
        `select count(*)::int as count from cache_invalidations ${where}`,
      );
      return rows[0]?.count ?? Number.NaN;
    },
    async close() {
      await client.end();
      await forgetKeys(engines);
      await engines.close();
      await database?.close();
    },
  };
}

function makeDrainingCache(env: Engines['env']): Cache {
  const { run } = makeUpstash({
    url: env['UPSTASH_REDIS_REST_URL'] ?? '',
    token: env['UPSTASH_REDIS_REST_TOKEN'] ?? '',
    deadlineMs: DEADLINE_MS,
  });
  const databaseId = env['DATABASE_ID'] ?? '';
  return makeCache(makeSharedStore(run, { databaseId, variant: 'v', leaseMs: LEASE_MS }));
}

// Tags live for hours, and this Redis may outlive the run.
async function forgetKeys({ redisUrl, env }: Engines): Promise<void> {
  const redis = new Redis(redisUrl);
  try {
    const keys = await redis.keys(`ea:{${env['DATABASE_ID']}}:*`);
    for (let at = 0; at < keys.length; at += KEYS_PER_CALL)
      await redis.del(...keys.slice(at, at + KEYS_PER_CALL));
  } finally {
    redis.disconnect();
  }
}
