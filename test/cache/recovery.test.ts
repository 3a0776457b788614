import { describe, expect, test } from 'vitest';
import type { LookUp, Trace } from '../../src/cache/look-up.ts';
import { type FakeCache, makeFakeCache, readThrough } from '../support/cache/fake-cache.ts';

/** The setting of the breakers in `makeFakeCache`. */
const COOL_DOWN_MS = 1_000;
/** The time from one read to the next, in ms. */
const GAP_MS = 50;
/** Long enough for a breaker to open, also where each failure takes the deadline of the origin. */
const OUTAGE_MS = 8_000;
/** At every part of a cool-down, and between two reads. */
const ENDS_MS = Array.from({ length: 15 }, (_, i) => OUTAGE_MS + i * 70 + 1);

type Store = 'origin' | 'shared';
type Fault = 'fails' | 'hangs';

interface Read {
  readonly sentAtMs: number;
  readonly trace: Trace;
  isAnswered: boolean;
}

interface World {
  readonly cache: FakeCache;
  readonly out: Set<Store>;
  /** The times at which each store was asked during the outage, probes included. */
  readonly asked: { readonly store: Store; readonly atMs: number }[];
  readonly reads: Read[];
  read(): void;
}

function makeWorld(stores: readonly Store[], fault: Fault): World {
  const cache = makeFakeCache();
  const out = new Set(stores);
  const asked: World['asked'] = [];
  const reads: Read[] = [];
  const through = <T>(store: Store, answer: () => Promise<T>): Promise<T> => {
    if (!out.has(store)) return answer();
    asked.push({ store, atMs: cache.clock.now() });
    return fault === 'fails' ? Promise.reject(new Error('away')) : new Promise(() => {});
  };
  const { shared, origin } = cache;
  const [ask, giveBack, probe] = [shared.read, shared.release, origin.probe];
  Object.assign(shared, {
    read: (...args: Parameters<typeof ask>) => through('shared', () => ask(...args)),
    release: (...args: Parameters<typeof giveBack>) => through('shared', () => giveBack(...args)),
  });
  Object.assign(origin, { probe: () => through('origin', probe) });
  const lookUpAt = (at: number): LookUp<string> => ({
    kind: 0,
    key: `user:${at}`,
    parse: String,
    load: () => through('origin', async () => ({ value: 'a', tags: ['user:1'] })),
  });
  return {
    cache,
    out,
    asked,
    reads,
    read() {
      const read: Read = { sentAtMs: cache.clock.now(), trace: {}, isAnswered: false };
      reads.push(read);
      void readThrough(cache, lookUpAt(reads.length), { trace: read.trace }).then(
        () => void (read.isAnswered = true),
        () => {},
      );
    },
  };
}

async function readFor(world: World, ms: number): Promise<void> {
  const untilMs = world.cache.clock.now() + ms;
  for (let leftMs = ms; leftMs > 0; leftMs = untilMs - world.cache.clock.now()) {
    world.read();
    await world.cache.clock.advance(Math.min(GAP_MS, leftMs));
  }
}

/** True if every store that was away has answered the read. */
function isWhole({ trace, isAnswered }: Read, stores: readonly Store[]): boolean {
  return isAnswered && (!stores.includes('shared') || trace.shared?.detail === undefined);
}

const outages: [Store[], Fault][] = [
  [['shared'], 'fails'],
  [['shared'], 'hangs'],
  [['origin'], 'fails'],
  [['origin'], 'hangs'],
  [['origin', 'shared'], 'fails'],
  [['origin', 'shared'], 'hangs'],
];

describe.each(outages)('an outage of %j that %s', (stores, fault) => {
  test.each(ENDS_MS)('and ends after %d ms is over within a cool-down and two reads', async (endMs) => {
    const world = makeWorld(stores, fault);
    await readFor(world, endMs);
    const endedAtMs = world.cache.clock.now();
    expect(world.reads.filter((read) => isWhole(read, stores))).toEqual([]);
    world.out.clear();
    await readFor(world, 2 * COOL_DOWN_MS);
    const later = world.reads.filter(({ sentAtMs }) => sentAtMs > endedAtMs + COOL_DOWN_MS + 2 * GAP_MS);
    expect(later.length).toBeGreaterThan(10);
    expect(later.filter((read) => !isWhole(read, stores))).toEqual([]);
  });

  test('costs each store one question in a cool-down, once its breaker is open', async () => {
    const world = makeWorld(stores, fault);
    await readFor(world, OUTAGE_MS);
    const sinceMs = world.cache.clock.now();
    await readFor(world, 5 * COOL_DOWN_MS);
    for (const store of stores) {
      const times = world.asked.filter((ask) => ask.store === store && ask.atMs >= sinceMs);
      expect(times).toHaveLength(5);
    }
  });
});
