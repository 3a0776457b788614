import { expect, test } from 'vitest';
import { makeMemory, type Memory } from '../../src/cache/memory/memory.ts';
import { type FleetConfig, makeConfig } from '../../bench/fleet/config.ts';
import { runFleet } from '../../bench/fleet/fleet.ts';
import { PLACED } from '../../bench/fleet/origin-worker.ts';
import { StalenessBoundBroken } from '../../bench/fleet/requests.ts';
import { seed } from '../support/scale.ts';

const small: Partial<FleetConfig> = {
  seed,
  places: 20,
  isolates: 40,
  accounts: 500,
  readsPerS: 100,
  readsPerWrite: 1_000,
  memoryLifeMs: 300_000,
  warmUpMs: 30_000,
  countedMs: 30_000,
};

const BOUND_MS = 2_000;

/** A few accounts that change all the time, so that any stale entry is read. */
const changing: Partial<FleetConfig> = {
  ...small,
  accounts: 20,
  readsPerWrite: 30,
  outsideShare: 0.3,
  memoryTtlMs: BOUND_MS,
  drainEveryMs: 10_000,
};

const hits = async (changes: Partial<FleetConfig>): Promise<number> => {
  const { byTier, reads } = await runFleet(makeConfig({ ...small, ...changes }));
  return byTier.memory / reads;
};

test('memory that is validated answers more, with the origin Worker as without', async () => {
  const forgotten = await hits({ memoryLifeMs: 0 });
  const validated = await hits({});
  expect(validated, `SEED=${seed}`).toBeGreaterThan(forgotten + 0.15);
  expect(Math.abs((await hits({ originWorker: PLACED })) - validated)).toBeLessThan(0.03);
});

test.each([
  ['by the stores', undefined],
  ['by the origin Worker', PLACED],
])('no reader misses a change for longer than the bound, %s', async (_way, originWorker) => {
  const measures = await runFleet(makeConfig({ ...changing, originWorker }));
  const { commands, longestPastRedisMs, news, staleMs } = measures;
  expect(staleMs.service.length + staleMs.outside.length, `SEED=${seed}`).toBeGreaterThan(50);
  expect(longestPastRedisMs).toBeLessThan(2_000);
  expect(commands.poll).toBeGreaterThan(0);
  expect(news.tags).toBeGreaterThan(0);
  expect(news.gaps).toBe(0);
});

type Following = NonNullable<Memory['validation']>;

/** Memory that follows the log otherwise than the product's. */
const following =
  (change: (validation: Following) => Partial<Following>): typeof makeMemory =>
  (settings) => {
    const memory = makeMemory(settings);
    const { validation } = memory;
    // The memory holds on to its own, so that this one is changed.
    if (validation) Object.assign(validation, change({ ...validation }));
    return memory;
  };
const deaf = following(({ learn }) => ({
  learn: (question, news, nowMs) => learn(question, { ...news, tags: [] }, nowMs),
}));
const patient = following(({ untilMs }) => ({ untilMs: (nowMs) => untilMs(nowMs) + BOUND_MS }));

/** A run is so short that chance may spare the broken memory; it does not spare it in all of these. */
const RUNS_OF_BROKEN = 8;

test.each([
  ['misses the tags of the news', deaf],
  ['takes news for good for two bounds', patient],
])('a memory that %s breaks the bound, and the run says so', async (_what, broken) => {
  let refusal: unknown = null;
  for (let run = 0; run < RUNS_OF_BROKEN && refusal === null; run += 1)
    refusal = await runFleet(makeConfig({ ...changing, seed: seed + run }), { makeMemory: broken }).then(
      () => null,
      (error: unknown) => error,
    );
  expect(refusal, `SEED=${seed}`).toBeInstanceOf(StalenessBoundBroken);
});

test('many writes cost more news, and a drain of more tags than news may have is a gap for all', async () => {
  const writing = { ...changing, accounts: 2_000, readsPerS: 200, readsPerWrite: 2, drainEveryMs: 15_000 };
  const { news } = await runFleet(makeConfig(writing));
  expect(news.gaps, `SEED=${seed}`).toBeGreaterThan(20);
  expect(news.tags / news.calls).toBeGreaterThan(5);
});
