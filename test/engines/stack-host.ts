import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { parentPort } from 'node:worker_threads';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { KEEP_OPEN } from '../../local/http-server.ts';
import { startNeonBridge } from '../../local/neon-bridge.ts';
import { LOCAL_KEY, workerEnv } from '../../local/stack.ts';
import { startUpstashBridge } from '../../local/upstash-bridge.ts';
import { type OwnRedis, startOwnRedis } from './own-redis.ts';
import { deleteEntries } from './entries.ts';
import { makeEnginePool } from './pool.ts';
import { makePrompt, type Prompt } from './prompt.ts';
import { seedAnew } from './seed-anew.ts';

type Store = 'postgres' | 'redis';

interface TestStack {
  /** Secrets for a Worker in front of it. */
  readonly env: Readonly<Record<string, string>>;
  /** The actions that tests may request, by name. */
  readonly verbs: Readonly<Record<string, (body: Body) => Promise<unknown>>>;
  close(): Promise<void>;
}

interface Body {
  readonly text: string;
  readonly params: unknown[];
  readonly args: string[];
  readonly store: Store;
  readonly faults: unknown;
  readonly ownRedis: boolean;
  readonly isFull: boolean;
}

interface Bridge {
  counts(): { readonly requests: number };
  setFaults(faults: unknown): unknown;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

// This thread gives tests inside workerd a stack: embedded Postgres and Redis, or, if DATABASE_URL and REDIS_URL name
// servers, a database and a key prefix of their own there. It ends at the run's first message.
const stacks = new Map<string, TestStack>();
const pool = makeEnginePool();
const server = createServer(KEEP_OPEN, (request, response) => {
  answer(request).then(
    (value) => response.end(JSON.stringify(value ?? null)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
await new Promise<void>((resolve) => void server.listen(0, HOST, resolve));
parentPort?.once('message', () => void end());
parentPort?.postMessage(`http://${HOST}:${(server.address() as AddressInfo).port}`);

async function end(): Promise<void> {
  server.close();
  server.closeAllConnections();
  await Promise.allSettled([...stacks.values()].map((stack) => stack.close()));
  await pool.close();
  process.exit();
}

async function answer(request: IncomingMessage): Promise<unknown> {
  const [, id = '', verb = ''] = (request.url ?? '').split('/');
  // Only this project's tests write these bodies.
  const body = (await json(request)) as Body;
  if (id === 'new') return addStack(body);
  const stack = stacks.get(id);
  if (!stack) throw new Error(`there is no stack ${id}`);
  if (verb === 'close') stacks.delete(id);
  const run = stack.verbs[verb];
  if (!run) throw new Error(`a stack cannot ${verb}`);
  return run(body);
}

async function addStack({ ownRedis }: Body): Promise<unknown> {
  const id = crypto.randomUUID();
  const stack = await startTestStack(ownRedis ? await startOwnRedis() : undefined);
  stacks.set(id, stack);
  return { id, env: stack.env };
}

async function startTestStack(ownRedis: OwnRedis | undefined): Promise<TestStack> {
  const [database, redisUrl] = [await pool.takeDatabase(), ownRedis?.url ?? (await pool.redisUrl())];
  const transactions = makeTransactions(database.url);
  const prompt = makePrompt(database.url);
  const open = {
    postgres: (port: number) => startNeonBridge({ port, postgresUrl: database.url }),
    redis: (port: number) => startUpstashBridge({ port, redisUrl, token: LOCAL_KEY }),
  };
  const [neon, upstash] = [await open.postgres(0), await open.redis(0)];
  const bridges: Record<Store, Bridge> = { postgres: neon, redis: upstash };
  const env = workerEnv(neon.url, upstash.url, database.url);
  const redis = new Redis(redisUrl);
  // The first use of a script that Redis does not know would be two requests.
  await Promise.all(Object.values(scripts).map(({ text }) => redis.script('LOAD', text)));
  const emptyRedis = () => deleteEntries(redis, env.DATABASE_ID);
  let seeded = await lastWriteOf(prompt);
  const start = async (store: Store) => {
    bridges[store] = await open[store]({ postgres: neon, redis: upstash }[store].port);
  };
  const close = async () => {
    await transactions.close();
    await prompt.close();
    await emptyRedis();
    redis.disconnect();
    await Promise.all(Object.values(bridges).map((bridge) => bridge.close()));
    await database.close();
    await ownRedis?.close();
  };
  return {
    env,
    close,
    verbs: {
      close,
      sql: ({ text, params }) => prompt.run(text, params),
      // Leaves a transaction open. Answers the id that commits it.
      begin: ({ text }) => transactions.begin(text),
      commit: ({ text: id }) => transactions.commit(id),
      redis: ({ args: [command = '', ...args] }) => redis.call(command, ...args),
      'set-redis-full': async ({ isFull }) => ownRedis?.setFull(isFull),
      // Deletes every key of the product.
      'empty-redis': emptyRedis,
      // Empties and seeds the database again if a look-up could see any write. Otherwise it is as at first.
      'seed-anew': async () => {
        if ((await lastWriteOf(prompt)) === seeded) return;
        await Promise.all([seedAnew(database.url), emptyRedis()]);
        seeded = await lastWriteOf(prompt);
      },
      // A closed bridge refuses connections until it opens again on the same port.
      'stop-postgres': () => bridges.postgres.close(),
      'stop-redis': () => bridges.redis.close(),
      'start-postgres': () => start('postgres'),
      'start-redis': () => start('redis'),
      // The requests to both bridges in one answer: tests ask before and after most of what they do.
      counts: async () => ({
        redis: bridges.redis.counts().requests,
        postgres: bridges.postgres.counts().requests,
      }),
      // Replaces the faults of a bridge.
      fault: async ({ store, faults }) => bridges[store].setFaults(faults),
    },
  };
}

interface Transactions {
  /** Resolves to the transaction's id. */
  begin(text: string): Promise<string>;
  commit(id: string): Promise<void>;
  close(): Promise<void>;
}

function makeTransactions(url: string): Transactions {
  const clients = new Map<string, Client>();
  return {
    async begin(text) {
      const [id, client] = [crypto.randomUUID(), new Client({ connectionString: url })];
      clients.set(id, client);
      await client.connect();
      await client.query(`begin; ${text}`);
      return id;
    },
    async commit(id) {
      await clients.get(id)?.query('commit');
    },
    close: async () => void (await Promise.all([...clients.values()].map((client) => client.end()))),
  };
}

/** Every write that a look-up can see takes a number for its row of the outbox. */
async function lastWriteOf(prompt: Prompt): Promise<string> {
  return JSON.stringify(await prompt.run('select last_value from cache_invalidations_id_seq', []));
}
