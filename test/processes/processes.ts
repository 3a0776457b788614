import { Client } from 'pg';
import { forgetEntries } from '../../local/forget-entries.ts';
import { startNeonBridge } from '../../local/neon-bridge.ts';
import { LOCAL_KEY, workerEnv } from '../../local/stack.ts';
import { startUpstashBridge } from '../../local/upstash-bridge.ts';
import { deleteEntriesAt } from '../engines/entries.ts';
import { makeEnginePool } from '../engines/pool.ts';
import { UNHURRIED } from '../support/unhurried.ts';
import {
  type AccountProcess,
  type OriginProcess,
  startOriginWorker,
  startWorkerd,
} from './account-process.ts';

// Leases last as long as in production: a process that dies with one must not hold up the others.
const { REDIS_DEADLINE_MS, POSTGRES_DEADLINE_MS, ORIGIN_DEADLINE_MS } = UNHURRIED;
/** A test fires the drains that it wants, or asks for those that reads set off. */
const DRAIN_EVERY_MS = '0';

/** The bridge in front of a store, in this process. */
export interface StoreBridge<Counts> {
  readonly url: string;
  /** The bridge's counts since it was opened. */
  counts(): Counts;
  /** Refuses connections from now on. */
  close(): Promise<void>;
  /** Listens again on the same port. Does nothing if it listens already. */
  open(): Promise<void>;
}

/** workerd processes in front of one Postgres and one Redis. */
export interface Processes {
  readonly all: readonly AccountProcess[];
  readonly postgres: StoreBridge<{ requests: number; statements: number }>;
  readonly redis: StoreBridge<{ requests: number; commands: Record<string, number> }>;
  /** The database itself, without the bridge. */
  readonly postgresUrl: string;
  /** Runs a statement as another client of the database. */
  sql(text: string, params?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Starts one more process, bound to an origin Worker if it has a URL. These vars override those of all. */
  start(vars?: Readonly<Record<string, string>>, originUrl?: string): Promise<AccountProcess>;
  /** Starts an origin Worker in a process of its own. */
  startOrigin(): Promise<OriginProcess>;
  close(): Promise<void>;
}

interface Listener<Counts> {
  readonly url: string;
  readonly port: number;
  counts(): Counts;
  close(): Promise<void>;
}

/**
 * Starts `count` processes on a seeded database and a Redis. Both are embedded, or, if DATABASE_URL and REDIS_URL name
 * servers, a database and a key prefix of their own there. `overrides` are vars of all processes.
 */
export async function startProcesses(
  count: number,
  overrides: Readonly<Record<string, string>> = {},
): Promise<Processes> {
  const pool = makeEnginePool();
  const [database, redisUrl] = [await pool.takeDatabase(), await pool.redisUrl()];
  const postgres = await openBridge((port) => startNeonBridge({ port, postgresUrl: database.url }));
  const redis = await openBridge((port) => startUpstashBridge({ port, redisUrl, token: LOCAL_KEY }));
  const secrets = workerEnv(postgres.url, redis.url, database.url);
  const env = {
    ...secrets,
    REDIS_DEADLINE_MS,
    POSTGRES_DEADLINE_MS,
    ORIGIN_DEADLINE_MS,
    DRAIN_EVERY_MS,
    ...overrides,
  };
  // On a shared server an earlier database may have had the same id.
  await forgetEntries(redisUrl, secrets.DATABASE_ID);
  const all: AccountProcess[] = [];
  const origins: OriginProcess[] = [];
  const start: Processes['start'] = async (vars = {}, originUrl) => {
    const started = await startWorkerd({ env: { ...env, ...vars }, originUrl });
    all.push(started);
    return started;
  };
  const startOrigin: Processes['startOrigin'] = async () => {
    const started = await startOriginWorker({ env });
    origins.push(started);
    return started;
  };
  const close = async (): Promise<void> => {
    await Promise.all([...all.map((workerd) => workerd.close()), ...origins.map((origin) => origin.kill())]);
    await Promise.all([postgres.close(), redis.close()]);
    await deleteEntriesAt(redisUrl, secrets.DATABASE_ID);
    await database.close();
    await pool.close();
  };
  await Promise.all(Array.from({ length: count }, () => start())).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    all,
    postgres,
    redis,
    postgresUrl: database.url,
    start,
    startOrigin,
    close,
    sql: (text, params) => runSql(database.url, text, params),
  };
}

async function openBridge<Counts>(
  listenOn: (port: number) => Promise<Listener<Counts>>,
): Promise<StoreBridge<Counts>> {
  let listener = await listenOn(0);
  let isOpen = true;
  const { url, port } = listener;
  return {
    url,
    counts: () => listener.counts(),
    async close() {
      if (isOpen) await listener.close();
      isOpen = false;
    },
    async open() {
      if (!isOpen) listener = await listenOn(port);
      isOpen = true;
    },
  };
}

async function runSql(url: string, text: string, params: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, params)).rows;
  } finally {
    await client.end();
  }
}
