import { setTimeout as sleep } from 'node:timers/promises';
import type { Question, Result } from '../question.ts';
import { peerWorker, rpcCaller } from '../workerd/beside.ts';
import { readCounts, type Requests } from '../workerd/bridge-counts.ts';
import { AS_ROOT } from '../workerd/callers.ts';
import { type Product, startProduct } from '../workerd/product.ts';
import { FIRST_RESIDENT, settleResidents } from '../workerd/residents.ts';

/**
 * The number of requests of each kind. One more comes before them: a Redis that does not know a script yet costs a
 * request.
 */
const TIMES = 4;
/** Look-ups in one request. */
const MANY = 50;
const POLL_MS = 20;
const FILL_LIMIT_MS = 5_000;

/** A kind of request, for users that nobody has read yet. */
interface Act {
  readonly name: string;
  /** The number of users in the request. */
  readonly users: number;
  readonly fills: boolean;
  ask(product: Product, userIds: readonly number[]): Promise<Response>;
}

const acts: readonly Act[] = [
  {
    name: 'cold read',
    users: 1,
    fills: true,
    ask: ({ url }, [userId]) => fetch(`${url}/v1/users/${userId}`, { headers: AS_ROOT }),
  },
  {
    name: 'write',
    users: 1,
    fills: false,
    ask: ({ url }, [userId]) =>
      fetch(`${url}/v1/users/${userId}`, {
        method: 'PATCH',
        headers: { ...AS_ROOT, 'Content-Type': 'application/merge-patch+json', 'If-Match': '*' },
        body: JSON.stringify({ firstName: 'Changed' }),
      }),
  },
  {
    name: `${MANY} look-ups in one HTTP request`,
    users: MANY,
    fills: true,
    ask: ({ url }, userIds) =>
      fetch(`${url}/v1/lookup`, {
        method: 'POST',
        headers: { ...AS_ROOT, 'Content-Type': 'application/json' },
        body: JSON.stringify({ lookUps: userIds.map((userId) => ({ lookUp: 'user', userId })) }),
      }),
  },
  {
    name: `${MANY} look-ups in one RPC call`,
    users: MANY,
    fills: true,
    ask: (product, userIds) => fetch(`${product.urlOf(rpcCaller.name)}/many?ids=${userIds.join()}`),
  },
];

/**
 * Counts the HTTP requests to each store before the answer, as its bridge sees them. Redis leaves fills unanswered, so
 * an answer that waited for its fill would not come. The fills are the requests that the bridge holds.
 */
export const question: Question = {
  name: 'counts',
  async ask() {
    const product = await startProduct({ isSilent: true, beside: (env) => [peerWorker(env), rpcCaller] });
    const takeUsers = makeDesk();
    try {
      await settleResidents(product.postgresUrl, (TIMES + 1) * MANY * acts.length);
      // Redis learns every script once, while fills are still answered.
      for (const act of acts) await askOnce(product, act, takeUsers(act.users));
      await untilQuiet(product);
      await product.fault('redis', [{ kind: 'hang', verbs: ['fill'] }]);
      const results = [];
      for (const act of acts) results.push(describe(act, await most(product, act, takeUsers)));
      return results;
    } finally {
      await product.close();
    }
  },
};

/** Gives out users. No user comes twice. */
function makeDesk(): (users: number) => number[] {
  let next = FIRST_RESIDENT;
  return (users) => Array.from({ length: users }, () => next++);
}

/** The largest cost of any of some requests. */
async function most(product: Product, act: Act, takeUsers: (users: number) => number[]): Promise<Requests> {
  const all: Requests[] = [];
  for (let turn = 0; turn < TIMES; turn += 1) all.push(await count(product, act, takeUsers(act.users)));
  return {
    redis: Math.max(...all.map(({ redis }) => redis)),
    postgres: Math.max(...all.map(({ postgres }) => postgres)),
  };
}

async function count(product: Product, act: Act, userIds: readonly number[]): Promise<Requests> {
  const [before, fillsBefore] = [await readCounts(product), await readFills(product)];
  await askOnce(product, act, userIds);
  await untilQuiet(product);
  const [after, fills] = [await readCounts(product), (await readFills(product)) - fillsBefore];
  if (act.fills !== fills > 0) throw new Error(`${act.name} has made ${fills} fills`);
  return { redis: after.redis - before.redis - fills, postgres: after.postgres - before.postgres };
}

async function askOnce(product: Product, act: Act, userIds: readonly number[]): Promise<void> {
  const response = await act.ask(product, userIds);
  const text = await response.text();
  const users = text.match(/"username":/g) ?? [];
  if (!response.ok || users.length !== userIds.length) throw new Error(`${act.name}: ${text}`);
}

/** Waits for the work that follows an answer: until Redis gets no request for a while. */
async function untilQuiet(product: Product): Promise<void> {
  for (let waitedMs = 0; waitedMs < FILL_LIMIT_MS; waitedMs += POLL_MS) {
    const { redis } = await readCounts(product);
    await sleep(POLL_MS);
    if ((await readCounts(product)).redis === redis) return;
  }
  throw new Error('Redis is asked all the time');
}

/** The fills that Redis has left unanswered. */
async function readFills({ upstashUrl }: Product): Promise<number> {
  // A bridge answers with this shape.
  const report = (await (await fetch(`${upstashUrl}/faults`)).json()) as { faults: { struck: number }[] };
  return report.faults[0]?.struck ?? 0;
}

function describe({ name }: Act, { redis, postgres }: Requests): Result {
  return {
    question: name,
    measure: 'requests to Redis + Postgres before the answer',
    ours: `${redis} + ${postgres}`,
    peers: '',
    ratio: '',
    target: '1 + 1',
    met: redis === 1 && postgres === 1,
  };
}
