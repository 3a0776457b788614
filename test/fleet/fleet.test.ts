import { expect, test } from 'vitest';
import { makeMemory, type Memory } from '../../src/cache/memory/memory.ts';
import { hitRatio, hitRatioWithoutRefresh, memoryShare } from '../../bench/fleet/closed-form.ts';
import { type FleetConfig, makeConfig } from '../../bench/fleet/config.ts';
import { runFleet } from '../../bench/fleet/fleet.ts';
import { INSTANT } from '../../bench/fleet/network.ts';
import { makePlacePicker, makePlaces } from '../../bench/fleet/places.ts';
import { perMillionReads } from '../../bench/fleet/prices.ts';
import { StalenessBoundBroken } from '../../bench/fleet/requests.ts';
import { sampled, seed } from '../support/scale.ts';

const FOR_EVER = { idleMs: Infinity, meanLifeMs: Infinity, deployEveryMs: Infinity };

/** One account in one isolate, without writes, with stores that answer at once. */
const oneKey = (readsPerLifetime: number, reads: number): FleetConfig =>
  makeConfig({
    seed,
    memoryLifeMs: 0,
    isolates: 1,
    accounts: 1,
    lives: FOR_EVER,
    network: INSTANT,
    readsPerWrite: Infinity,
    memoryTtlMs: 1_000,
    readsPerS: readsPerLifetime,
    warmUpMs: 10_000,
    countedMs: (reads / readsPerLifetime) * 1_000,
  });

test.each(sampled([0.3, 1, 3, 10], 1))(
  'one key with %f reads a lifetime hits as the closed form says',
  async (n) => {
    const { byTier, reads } = await runFleet(oneKey(n, 20_000));
    expect(Math.abs(byTier.memory / reads - hitRatio(n)), `SEED=${seed}`).toBeLessThan(0.015);
  },
);

test('refreshing ahead saves most of the misses of a busy key, and none of a quiet one', () => {
  expect(hitRatioWithoutRefresh(10)).toBeCloseTo(0.909, 3);
  expect(hitRatio(10)).toBeGreaterThan(0.98);
  expect(hitRatio(0.3)).toBeCloseTo(hitRatioWithoutRefresh(0.3), 2);
});

const small: Partial<FleetConfig> = {
  seed,
  memoryLifeMs: 0,
  places: 20,
  isolates: 40,
  accounts: 2_000,
  readsPerS: 200,
  warmUpMs: 20_000,
  countedMs: 60_000,
};

test('a fleet of many keys hits as the closed form says, long lifetimes and short ones', async () => {
  for (const memoryTtlMs of sampled([5_000, 20_000])) {
    const config = makeConfig({ ...small, memoryTtlMs, lives: FOR_EVER });
    const { byTier, reads } = await runFleet(config);
    expect(Math.abs(byTier.memory / reads - memoryShare(config)), `SEED=${seed}`).toBeLessThan(0.04);
  }
});

test('every read is answered by one tier, and every tier asks the ones below', async () => {
  const { byTier, commands, loads, reads, writes } = await runFleet(makeConfig(small));
  const { joined, memory, postgres, redis } = byTier;
  expect(memory + joined + redis + postgres).toBe(reads);
  // The difference is reads that end after the count, refreshes, and the questions of reads that wait for a lease.
  expect(commands.read).toBeGreaterThanOrEqual(redis + postgres - 20);
  expect(loads).toBeGreaterThanOrEqual(postgres - 20);
  expect(writes).toBeGreaterThan(0);
  expect(commands.invalidate).toBeGreaterThan(0);
});

test('Redis begins as full as a run from empty ends up', async () => {
  const config = makeConfig({ ...small, memoryTtlMs: 0, accounts: 500, readsPerS: 20 });
  const planted = await runFleet({ ...config, countedMs: 400_000 });
  const longRun = await runFleet({ ...config, warmUpMs: 900_000, countedMs: 400_000 });
  const share = ({ byTier, reads }: typeof planted) => byTier.postgres / reads;
  expect(Math.abs(share(planted) - share(longRun)), `SEED=${seed}`).toBeLessThan(0.02);
});

test('the same seed gives the same counts, and another one others', async () => {
  const short = { ...small, countedMs: 10_000 };
  const [a, b] = [await runFleet(makeConfig(short)), await runFleet(makeConfig(short))];
  expect(a).toEqual(b);
  expect(await runFleet(makeConfig({ ...short, seed: seed + 1 }))).not.toEqual(a);
});

/** A few accounts that change all the time, so that any stale entry is read. */
const changing: Partial<FleetConfig> = {
  ...small,
  accounts: 20,
  readsPerWrite: 30,
  outsideShare: 0.3,
  memoryTtlMs: 2_000,
  drainEveryMs: 10_000,
};

test('no reader anywhere misses a change for longer than a memory lifetime after Redis knew of it', async () => {
  const { longestPastRedisMs, staleMs } = await runFleet(makeConfig(changing));
  expect(staleMs.service.length + staleMs.outside.length).toBeGreaterThan(100);
  expect(longestPastRedisMs).toBeGreaterThan(1_000);
  expect(longestPastRedisMs).toBeLessThan(2_000);
  // Only the drain reports these writes.
  expect(staleMs.outside.at(-1)).toBeGreaterThan(staleMs.service.at(-1) ?? 0);
  expect(staleMs.outside.at(-1)).toBeLessThan(13_000);
});

const doubling: typeof makeMemory = ({ maxBytes, ttlMs }): Memory =>
  makeMemory({ maxBytes, ttlMs: 2 * ttlMs });
const late: typeof makeMemory = (settings) => {
  const memory = makeMemory(settings);
  const set: Memory['set'] = (key, entry, nowMs) =>
    memory.set(key, { ...entry, sentAtMs: nowMs + 300 }, nowMs);
  return { ...memory, set };
};

test.each([
  ['keeps entries for two lifetimes', doubling],
  ['counts lives from some time after the answer', late],
])('a memory that %s breaks the bound, and the run says so', async (_what, broken) => {
  const run = runFleet(makeConfig(changing), { makeMemory: broken });
  await expect(run).rejects.toBeInstanceOf(StalenessBoundBroken);
});

test('isolates that die before the memory lifetime is over hit less', async () => {
  const share = async (meanLifeMs: number): Promise<number> => {
    const lives = { ...FOR_EVER, meanLifeMs };
    const { byTier, reads } = await runFleet(makeConfig({ ...small, memoryTtlMs: 20_000, lives }));
    return byTier.memory / reads;
  };
  expect(await share(2_000)).toBeLessThan((await share(Infinity)) - 0.1);
});

test('places share the isolates by their size, one at least, and are picked by their size', () => {
  const places = makePlaces(300, 400);
  expect(places.reduce((sum, { isolates }) => sum + isolates, 0)).toBe(400);
  expect(Math.min(...places.map(({ isolates }) => isolates))).toBe(1);
  const picker = makePlacePicker(places);
  const counts = places.map(() => 0);
  const draws = 300_000;
  for (let i = 0; i < draws; i++) {
    const place = picker.at((i + 0.5) / draws);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  for (const [i, { weight }] of places.entries()) {
    expect(Math.abs((counts[i] ?? 0) / draws - weight)).toBeLessThan(2e-5);
  }
});

test('a million reads cost two dollars for each command of Redis', async () => {
  const measures = await runFleet(makeConfig({ ...small, countedMs: 10_000 }));
  const half = measures.reads / 2;
  const commands = { read: half, poll: 0, fill: half, release: 0, invalidate: 0 };
  expect(perMillionReads({ ...measures, commands }).redisUsd).toBeCloseTo(2, 10);
});
