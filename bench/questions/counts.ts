import { setTimeout as sleep } from 'node:timers/promises';
import type { Question, Result } from '../question.ts';
import { readCounts, type Requests } from '../workerd/bridge-counts.ts';
import { AS_ROOT } from '../workerd/callers.ts';
import { type Product, startProduct } from '../workerd/product.ts';
import { FIRST_RESIDENT, settleResidents } from '../workerd/residents.ts';

/** Each kind of request this often, and one before: a Redis that does not know a script yet costs a request more. */
const TIMES = 4;
const POLL_MS = 5;
const FILL_LIMIT_MS = 5_000;

/**
 * HTTP requests to each store before the answer, as its bridge counts them. Redis is made to leave fills unanswered, so that
 * an answer that waited for its fill would not come, and fills are those that the bridge has held.
 */
export const question: Question = {
  name: 'counts',
  async ask() {
    const product = await startProduct({ isSilent: true });
    try {
      await settleResidents(product.postgresUrl, 2 * TIMES + 2);
      // Every script once, and the fill while it is still answered.
      await write(product, FIRST_RESIDENT);
      await read(product, FIRST_RESIDENT + 1);
      await product.fault('redis', [{ kind: 'hang', verbs: ['fill'] }]);
      return [
        describe('cold read', await most(product, read, 2)),
        describe('write', await most(product, write, 2 + TIMES)),
      ];
    } finally {
      await product.close();
    }
  },
};

type Act = (product: Product, userId: number) => Promise<Response>;

function read({ url }: Product, userId: number): Promise<Response> {
  return fetch(`${url}/v1/users/${userId}`, { headers: AS_ROOT });
}

function write({ url }: Product, userId: number): Promise<Response> {
  return fetch(`${url}/v1/users/${userId}`, {
    method: 'PATCH',
    headers: { ...AS_ROOT, 'Content-Type': 'application/merge-patch+json', 'If-Match': '*' },
    body: JSON.stringify({ firstName: 'Changed' }),
  });
}

/** The most that any of some requests has cost, each about a user whom nobody has asked for. */
async function most(product: Product, act: Act, first: number): Promise<Requests> {
  const all: Requests[] = [];
  for (let turn = 0; turn < TIMES; turn += 1)
    all.push(await count(product, act, FIRST_RESIDENT + first + turn));
  return {
    redis: Math.max(...all.map(({ redis }) => redis)),
    postgres: Math.max(...all.map(({ postgres }) => postgres)),
  };
}

async function count(product: Product, act: Act, userId: number): Promise<Requests> {
  const [before, fillsBefore] = [await readCounts(product), await readFills(product)];
  const response = await act(product, userId);
  if (!response.ok) throw new Error(await response.text());
  const fills = act === read ? await untilFilled(product, fillsBefore) : fillsBefore;
  const after = await readCounts(product);
  return {
    redis: after.redis - before.redis - (fills - fillsBefore),
    postgres: after.postgres - before.postgres,
  };
}

async function untilFilled(product: Product, fillsBefore: number): Promise<number> {
  for (let waitedMs = 0; waitedMs < FILL_LIMIT_MS; waitedMs += POLL_MS) {
    const fills = await readFills(product);
    if (fills > fillsBefore) return fills;
    await sleep(POLL_MS);
  }
  throw new Error('a cold read has filled nothing');
}

/** The fills that Redis has left unanswered. */
async function readFills({ upstashUrl }: Product): Promise<number> {
  // What a bridge answers to this.
  const report = (await (await fetch(`${upstashUrl}/faults`)).json()) as { faults: { struck: number }[] };
  return report.faults[0]?.struck ?? 0;
}

function describe(what: string, { redis, postgres }: Requests): Result {
  return {
    question: what,
    measure: 'requests to Redis + Postgres before the answer',
    ours: `${redis} + ${postgres}`,
    peers: '',
    ratio: '',
    target: '1 + 1',
    met: redis === 1 && postgres === 1,
  };
}
