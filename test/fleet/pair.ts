import type { LogCursor, LogNews } from '../../src/cache/shared/invalidation-log.ts';
import { makeSharedStore, type SharedStore } from '../../src/cache/shared/shared-store.ts';
import { LOG_BOUNDS, type LogBounds } from '../../bench/fleet/redis/log-model.ts';
import { makeSharedModel, type SharedModel } from '../../bench/fleet/redis/shared-model.ts';
import type { Random } from '../../bench/fleet/random.ts';
import type { Engine } from '../coherence/engine.ts';
import { makeVirtualRedis } from '../coherence/virtual-redis.ts';

const LEASE_MS = 2_000;
const EPOCH = '0123456789abcdef';
export const START_MS = 1_800_000_000_000;

/** The scripts on an engine, and the model of them, at the same time of the same clock. */
export interface Pair {
  readonly real: SharedStore;
  readonly model: SharedModel;
  wait(ms: number): void;
  /** The answer of the scripts, and the news that came with it; null where none were told. */
  withNews<T>(since: LogCursor | null, call: (real: SharedStore) => Promise<T>): Promise<Told<T>>;
  loseBoth(what: 'clock' | 'log' | 'everything'): Promise<void>;
}

export interface Told<T> {
  readonly answer: T;
  readonly news: LogNews | null;
}

let runs = 0;

export function makePair(engine: Engine, bounds: LogBounds = LOG_BOUNDS): Pair {
  let nowMs = START_MS;
  const databaseId = `fleet:${process.pid}:${++runs}`;
  const redis = makeVirtualRedis(engine, `ea:{${databaseId}}:`, () => nowMs);
  const settings = { databaseId, variant: 'v', leaseMs: LEASE_MS };
  const run: Parameters<typeof makeSharedStore>[0] = async ({ text }, keys, args) =>
    (await redis.run(withBounds(text, bounds), keys, args)).reply;
  const model = makeSharedModel(() => nowMs, EPOCH, LEASE_MS, bounds);
  return {
    real: makeSharedStore(run, settings),
    model,
    wait: (ms) => void (nowMs += ms),
    async withNews(since, call) {
      let news: LogNews | null = null;
      const log = {
        ask: (sentAtMs: number) => ({ since, sentAtMs, order: 1 }),
        learn: (_question: unknown, told: LogNews) => void (news = told),
      };
      const answer = await call(makeSharedStore(run, { ...settings, log }));
      return { answer, news };
    },
    async loseBoth(what) {
      if (what === 'everything') await redis.flush();
      else await redis.lose(what);
      model.lose(what);
    },
  };
}

// A log of ten members shows in a few steps what one of ten thousand does.
function withBounds(text: string, { maxNews, maxMembers, lifeMs }: LogBounds): string {
  const edits: readonly (readonly [from: string, to: string])[] = [
    [`'+inf') > ${2 * LOG_BOUNDS.maxNews} `, `'+inf') > ${2 * maxNews} `],
    [`#tags <= ${LOG_BOUNDS.maxNews} `, `#tags <= ${maxNews} `],
    [`LOG) - ${LOG_BOUNDS.maxMembers}\n`, `LOG) - ${maxMembers}\n`],
    [`n - ${LOG_BOUNDS.lifeMs} * 1000\n`, `n - ${lifeMs} * 1000\n`],
  ];
  return edits.reduce((edited, [from, to]) => {
    if (edited.includes('append_log') && edited.split(from).length !== 2)
      throw new Error(`the scripts do not say "${from}" once`);
    return edited.replace(from, to);
  }, text);
}

export const pick = <T>(random: Random, from: readonly T[]): T =>
  from[Math.floor(random.uniform() * from.length)] as T;

/**
 * Makes a function that rewrites the answers of one side so that they compare. Epochs and ids are random on one side and counted on the
 * other, so each is named by the order in which it appears. Every other character must agree.
 */
export function makeAlike(): (answer: unknown) => unknown {
  const names = new Map<string, string>();
  const nameOf = (part: string): string => {
    const name = names.get(part) ?? `${names.size}`;
    names.set(part, name);
    return name;
  };
  return (answer) =>
    JSON.parse(
      JSON.stringify(answer).replaceAll(
        /"(epoch|id)":"([0-9a-f]{16})"/g,
        (text: string, part: string) => `"${part}":"${nameOf(text)}"`,
      ),
    );
}
