import { type Held, watchOutbox } from '../../test/support/db/watched-outbox.ts';
import { drainByHand } from '../drain/by-hand.ts';
import { type DrainStores, openDrainStores } from '../drain/stores.ts';
import type { Rounds } from '../measure.ts';
import { paced } from '../pace.ts';
import type { Question, Result } from '../question.ts';
import type { Requests } from '../workerd/bridge-counts.ts';
import { chooseRedis } from '../workerd/local-redis.ts';
import { describeRate, describeSpeed } from '../workerd/rounds-table.ts';

/** Rows of the outbox that are alike. */
interface Backlog {
  readonly rows: number;
  readonly tagsOfEach: number;
}

/** The cost of a backlog: Redis is told of it, and later once more. */
interface Cost {
  /** The number of drains until Redis had been told of every row. */
  readonly passes: number;
  /** The requests of the first drain. */
  readonly requests: Requests;
  readonly ms: number;
  readonly most: Held;
  /** The rows that are left after all are confirmed. */
  readonly left: number;
}

const [OURS, BY_HAND] = ['ours', 'by hand'];
/** The largest backlog that is told tag by tag. */
const USUAL: Backlog = { rows: 10_000, tagsOfEach: 2 };
const ROUNDS = paced(3, 9);
/** A million tags: in few rows, in as many rows as one look at the outbox takes in, and in a row each. */
const BACKLOGS: readonly Backlog[] = [
  { rows: 1_000, tagsOfEach: 1_000 },
  { rows: 10_000, tagsOfEach: 100 },
  { rows: paced(50_000, 1_000_000), tagsOfEach: 1 },
];
/** The bounds of one look at the outbox. Each row beyond the tags says `everything`. */
const MOST_ROWS = 10_001;
const MOST_TAGS = 20_000 + MOST_ROWS;
/** The bounds of one request: the tags that Redis is told, and the rows that Postgres replaces by one. */
const [TAGS_PER_REQUEST, ROWS_PER_REQUEST] = [1_000, 100_000];
/**
 * Beyond the tags that are told one by one, Redis is told `everything`, and a second time if the outbox had to shrink.
 */
const MOST_TELLINGS = 2;
/** A look at the outbox, another one after it has shrunk, the last step of the shrinking, and the mark. */
const FIXED_STATEMENTS = 4;
const MOST_PASSES = 100;
const NS_PER_MS = 1e6;

/** The drain with both stores behind their protocols: its usual speed, and the cost of a million tags. */
export const question: Question = {
  name: 'drain',
  async ask() {
    const redis = await chooseRedis();
    const stores = await openDrainStores();
    try {
      const results = [await compare(stores, redis), describeUsual(await spend(stores, USUAL))];
      for (const backlog of BACKLOGS) results.push(describeBacklog(backlog, await spend(stores, backlog)));
      return results;
    } finally {
      await stores.close();
    }
  },
};

async function compare(stores: DrainStores, redis: string): Promise<Result> {
  const rounds = await raceUsual(stores);
  return {
    question: `drain of ${describe(USUAL)}, ${redis}`,
    measure: 'tags/s, told and marked',
    ours: describeRate(rounds, OURS),
    peers: `${BY_HAND} ${describeRate(rounds, BY_HAND)}`,
    ratio: describeSpeed(rounds, OURS, BY_HAND),
    target: '',
    met: null,
  };
}

/** The ns per tag, by round. */
async function raceUsual(stores: DrainStores): Promise<Rounds> {
  const sides: [name: string, work: () => Promise<unknown>][] = [
    [OURS, () => stores.drain(stores.outbox)],
    [BY_HAND, () => drainByHand(stores)],
  ];
  const rounds = new Map<string, number[]>(sides.map(([name]) => [name, []]));
  // One more round, which warms up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, work] of round % 2 === 0 ? sides : sides.toReversed()) {
      await stores.replace(USUAL.rows, USUAL.tagsOfEach);
      const ms = await timeOf(work);
      if (round > 0) rounds.get(name)?.push((ms * NS_PER_MS) / (USUAL.rows * USUAL.tagsOfEach));
    }
  }
  return rounds;
}

async function spend(stores: DrainStores, { rows, tagsOfEach }: Backlog): Promise<Cost> {
  await stores.replace(rows, tagsOfEach);
  const outbox = watchOutbox(stores.outbox);
  let ms = 0;
  const requests = await stores.countRequests(async () => {
    ms = await timeOf(() => stores.drain(outbox));
  });
  let passes = 1;
  while (passes < MOST_PASSES && (await stores.countRows('invalidated_at is null')) > 0) {
    await stores.drain(outbox);
    passes += 1;
  }
  await stores.age();
  await stores.drain(outbox);
  return { passes, requests, ms, most: outbox.most, left: await stores.countRows() };
}

function describeUsual({ requests, passes, left }: Cost): Result {
  const most = { redis: (USUAL.rows * USUAL.tagsOfEach) / TAGS_PER_REQUEST, postgres: 2 };
  return {
    question: `drain of ${describe(USUAL)}`,
    measure: 'requests to Redis + Postgres',
    ours: `${requests.redis} + ${requests.postgres}`,
    peers: '',
    ratio: '',
    target: `${most.redis} + ${most.postgres}`,
    met: requests.redis <= most.redis && requests.postgres <= most.postgres && passes === 1 && left === 0,
  };
}

function describeBacklog(backlog: Backlog, { passes, requests, ms, most, left }: Cost): Result {
  const mostStatements = FIXED_STATEMENTS + Math.ceil(backlog.rows / ROWS_PER_REQUEST);
  const isBounded = most.rows <= MOST_ROWS && most.tags <= MOST_TAGS;
  const isCheap = requests.redis <= MOST_TELLINGS && requests.postgres <= mostStatements;
  return {
    question: `drain of ${describe(backlog)}`,
    measure: 'passes; most rows + tags held at a time, in kB; requests to Redis + Postgres; ms',
    ours: [
      passes,
      `${count(most.rows)} + ${count(most.tags)}, ${count(Math.round(most.bytes / 1_000))} kB`,
      `${requests.redis} + ${requests.postgres}`,
      `${count(Math.round(ms))} ms`,
    ].join('; '),
    peers: '',
    ratio: '',
    target: `1; ≤ ${count(MOST_ROWS)} + ${count(MOST_TAGS)}; ≤ ${MOST_TELLINGS} + ${mostStatements}`,
    met: passes === 1 && left === 0 && isBounded && isCheap,
  };
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function describe({ rows, tagsOfEach }: Backlog): string {
  return `${count(rows * tagsOfEach)} tags in ${count(rows)} rows`;
}

function count(amount: number): string {
  return amount.toLocaleString('en');
}
