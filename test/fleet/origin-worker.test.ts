import { expect, test } from 'vitest';
import { loadEntry } from '../../src/cache/loads/load-entry.ts';
import type { MemoryEntry } from '../../src/cache/memory/memory.ts';
import { type FleetConfig, makeConfig } from '../../bench/fleet/config.ts';
import { OF_THE_ISOLATE } from '../../bench/fleet/connections.ts';
import { runFleet } from '../../bench/fleet/fleet.ts';
import { INSTANT } from '../../bench/fleet/network.ts';
import { type OriginWorkerConfig, PLACED } from '../../bench/fleet/origin-worker.ts';
import { makePlaces, type Place } from '../../bench/fleet/places.ts';
import { StalenessBoundBroken } from '../../bench/fleet/requests.ts';
import { seed } from '../support/scale.ts';

/** Trips of equal length between Workers and stores that take no time. */
const originWorker: OriginWorkerConfig = { ...PLACED, own: { medianMs: 0, p99Ms: 0 } };

const small: Partial<FleetConfig> = {
  seed,
  memoryLifeMs: 0,
  places: 20,
  isolates: 40,
  accounts: 2_000,
  readsPerS: 100,
  readsPerWrite: 100,
  network: INSTANT,
  warmUpMs: 10_000,
  countedMs: 20_000,
};

/** The fourth place is in Tokyo, and no other one of the first four is far away. */
const oneIsFar: Partial<FleetConfig> = { ...small, places: 4, isolates: 4, accounts: 20_000 };
/** A quantile is exact to 1 %. */
const DIGITS = 1;

test('a cold read makes two long trips to the stores, and one to the origin Worker', async () => {
  const without = await runFleet(makeConfig(oneIsFar));
  const through = await runFleet(makeConfig({ ...oneIsFar, originWorker }));
  const [{ tripMs }] = makePlaces(4, 4).slice(3) as [Place];
  expect(without.latencies.coldAndFar.reads, `SEED=${seed}`).toBeGreaterThan(20);
  expect(without.latencies.coldAndFar.p50Ms / (2 * tripMs)).toBeCloseTo(1, DIGITS);
  // Two short trips, to Redis and to Postgres, come on top of the long one.
  const throughMs = tripMs + 2 * PLACED.storeTripMs;
  expect(through.latencies.coldAndFar.p50Ms / throughMs).toBeCloseTo(1, DIGITS);
});

test('through the origin Worker each tier answers as many reads as without it', async () => {
  const without = await runFleet(makeConfig(small));
  const through = await runFleet(makeConfig({ ...small, originWorker }));
  for (const tier of ['memory', 'redis', 'postgres'] as const) {
    const moved = Math.abs(through.byTier[tier] - without.byTier[tier]) / through.reads;
    expect(moved, `${tier}, SEED=${seed}`).toBeLessThan(0.02);
  }
  expect(Math.abs(through.commands.fill - without.commands.fill) / through.reads).toBeLessThan(0.02);
});

test('isolates that open their own connections pay for that at the stores, and not at the origin Worker', async () => {
  const coldIsolates = {
    ...small,
    connections: OF_THE_ISOLATE,
    lives: { idleMs: 60_000, meanLifeMs: 5_000, deployEveryMs: Infinity },
  };
  const directly = await runFleet(makeConfig(coldIsolates));
  const through = await runFleet(makeConfig({ ...coldIsolates, originWorker }));
  // The set-up of a connection takes a far isolate longer than the deadline of Redis, which nobody meets here.
  expect(directly.withoutRedis, `SEED=${seed}`).toBeGreaterThan(20);
  expect(through.withoutRedis, `SEED=${seed}`).toBe(0);
  expect(through.latencies.coldAndFar.p99Ms).toBeLessThan(directly.latencies.coldAndFar.p99Ms / 2);
});

test('the deadline of Redis holds beside the stores, and not for the trip to the origin Worker', async () => {
  const tight = { ...oneIsFar, redisDeadlineMs: 100, countedMs: 10_000 };
  expect((await runFleet(makeConfig(tight))).withoutRedis, `SEED=${seed}`).toBeGreaterThan(20);
  expect((await runFleet(makeConfig({ ...tight, originWorker }))).withoutRedis, `SEED=${seed}`).toBe(0);
});

test('the same seed gives the same counts with an origin Worker and connections of the isolates', async () => {
  const config = makeConfig({
    ...small,
    connections: OF_THE_ISOLATE,
    originWorker: PLACED,
    countedMs: 5_000,
  });
  expect(await runFleet(config)).toEqual(await runFleet(config));
});

/** A few accounts that change all the time, so that any stale entry is read. */
const changing = makeConfig({
  ...small,
  accounts: 20,
  readsPerS: 200,
  readsPerWrite: 30,
  outsideShare: 0.3,
  memoryTtlMs: 2_000,
  drainEveryMs: 10_000,
  countedMs: 40_000,
  originWorker,
});

test('no answer through the origin Worker misses a change for longer than a memory lifetime', async () => {
  const { longestPastRedisMs, staleMs } = await runFleet(changing);
  expect(staleMs.service.length + staleMs.outside.length, `SEED=${seed}`).toBeGreaterThan(100);
  expect(longestPastRedisMs).toBeGreaterThan(1_000);
  expect(longestPastRedisMs).toBeLessThan(2_000);
});

/** Answers from what was read within half a memory lifetime, as if that took nothing from the life of the answer. */
function makeRemembering(): typeof loadEntry {
  const kept = new Map<string, MemoryEntry>();
  return async (cache, lookUp, demands, start) => {
    const known = kept.get(lookUp.key);
    if (known && start.sentAtMs < known.sentAtMs + 1_000) return known;
    const entry = await loadEntry(cache, lookUp, demands, start);
    kept.set(lookUp.key, entry);
    return entry;
  };
}

test('an origin Worker that answers from a memory of its own breaks the bound, and the run says so', async () => {
  const run = runFleet(changing, { loadEntry: makeRemembering() });
  await expect(run).rejects.toBeInstanceOf(StalenessBoundBroken);
});
