import { type FleetConfig, makeConfig } from './config.ts';
import { ALWAYS_OPEN, OF_THE_ISOLATE } from './connections.ts';
import { PLACED } from './origin-worker.ts';

/** Runs that together answer one question. */
export interface Experiment {
  readonly name: string;
  readonly configs: readonly FleetConfig[];
}

export const ISOLATES = [10, 100, 1_000, 10_000];
export const LIFETIMES_MS = [0, 1_000, 5_000, 10_000, 30_000, 60_000];
export const ACCOUNTS = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/** The cron fires the drain so often. */
const CRON_MS = 60_000;
/** The share of memory hits that Unkey published. */
export const UNKEY_PERCENT = 27;
/** The lives of validated entries in memory that the tables compare; 0 is without validation. */
export const MEMORY_LIVES_MS: readonly number[] = [0, 300_000];
/** The writes per second that show what the log costs. */
export const WRITES_PER_S = [1, 3, 10, 30, 100];
/** The traffic of one isolate in the table of settings. */
const SETTING_RATES = [0.1, 1, 10, 100];
const SETTING_ACCOUNTS = [1_000, 100_000, 10_000_000];
const READS_PER_S = 500;
const MIN_WARM_UP_MS = 30_000;
/** Fewer reads would leave a share off by more than half a point. */
const MIN_READS = 50_000;
/** More reads would take longer than they are worth. */
const MAX_READS = 250_000;

function configOf(seed: number, changes: Partial<FleetConfig>): FleetConfig {
  const config = makeConfig({ readsPerS: READS_PER_S, ...changes, seed });
  const { memoryLifeMs, memoryTtlMs, readsPerS } = config;
  const perMs = readsPerS / 1_000;
  return {
    ...config,
    warmUpMs: Math.max(memoryTtlMs, memoryLifeMs, Math.min(MIN_WARM_UP_MS, MAX_READS / perMs)),
    countedMs: Math.min(MAX_READS / perMs, Math.max(config.countedMs, MIN_READS / perMs)),
  };
}

function writing(writesPerS: number): Partial<FleetConfig> {
  return { readsPerWrite: READS_PER_S / writesPerS };
}

function livesOf(meanLifeMs: number, deployEveryMs = Infinity): FleetConfig['lives'] {
  return { idleMs: 60_000, meanLifeMs, deployEveryMs };
}

function cross<A, B>(as: readonly A[], bs: readonly B[], make: (a: A, b: B) => Partial<FleetConfig>) {
  return as.flatMap((a) => bs.map((b) => make(a, b)));
}

/** The fleets in which memory that validates is compared with memory that forgets, by the names of their rows. */
export const VALIDATION_FLEETS = {
  standard: {},
  shortLived: { lives: livesOf(300_000) },
  threeHundred: { isolates: 300 },
  hundred: { isolates: 100 },
  busy: { readsPerS: 5_000 },
  // Ten times the usual writes, so that the mean over them is worth something.
  written: { readsPerWrite: 100, outsideShare: 0 },
  writtenOutside: { readsPerWrite: 100, outsideShare: 1 },
  cron: { readsPerWrite: 100, outsideShare: 1, drainEveryMs: CRON_MS },
  placed: { originWorker: PLACED },
} as const satisfies Readonly<Record<string, Partial<FleetConfig>>>;

const changesByName: Readonly<Record<string, readonly Partial<FleetConfig>[]>> = {
  lifetime: cross(ISOLATES, LIFETIMES_MS, (isolates, memoryTtlMs) => ({
    isolates,
    memoryTtlMs,
    memoryLifeMs: 0,
  })),
  validated: ISOLATES.map((isolates) => ({ isolates })),
  settings: cross(
    cross(SETTING_RATES, SETTING_ACCOUNTS, (readsPerS, accounts) => ({ readsPerS, accounts, isolates: 1 })),
    MEMORY_LIVES_MS,
    (traffic, memoryLifeMs) => ({ ...traffic, memoryLifeMs }),
  ),
  accounts: cross(ACCOUNTS, MEMORY_LIVES_MS, (accounts, memoryLifeMs) => ({ accounts, memoryLifeMs })),
  rate: cross([10, 100, 1_000], MEMORY_LIVES_MS, (readsPerS, memoryLifeMs) => ({
    isolates: 300,
    readsPerS,
    memoryLifeMs,
  })),
  skew: [0.7, 0.9, 1.1].map((zipfExponent) => ({ zipfExponent })),
  home: [0, 0.5, 0.8, 1].map((homeShare) => ({ homeShare })),
  // One busy isolate reads more different accounts in a lifetime than the smaller sizes can hold.
  size: [2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24].map((memoryMaxBytes) => ({
    isolates: 1,
    accounts: 1_000_000,
    zipfExponent: 0.7,
    memoryMaxBytes,
  })),
  lives: cross(
    [livesOf(10_000), livesOf(60_000), livesOf(1_800_000)],
    MEMORY_LIVES_MS,
    (lives, memoryLifeMs) => ({ isolates: 100, lives, memoryLifeMs }),
  ),
  staleness: cross(
    [{ isolates: 100, readsPerWrite: 100, outsideShare: 0.3, countedMs: 180_000 }],
    [
      { memoryTtlMs: 1_000, memoryLifeMs: 0 },
      { memoryTtlMs: 5_000, memoryLifeMs: 0 },
      { memoryTtlMs: 5_000, memoryLifeMs: 300_000 },
      { memoryTtlMs: 30_000, memoryLifeMs: 0 },
      { memoryTtlMs: 60_000, memoryLifeMs: 0 },
    ],
    (fleet, memory) => ({ ...fleet, ...memory }),
  ),
  writes: cross(
    [...WRITES_PER_S.map((writesPerS) => writing(writesPerS)), { ...writing(10), drainEveryMs: CRON_MS }],
    MEMORY_LIVES_MS,
    (fleet, memoryLifeMs) => ({ ...fleet, memoryLifeMs }),
  ),
  deadline: [100, 150, 250, 500].map((redisDeadlineMs) => ({ redisDeadlineMs, memoryLifeMs: 0 })),
  trips: cross(
    [
      { connections: ALWAYS_OPEN },
      { connections: OF_THE_ISOLATE },
      { connections: OF_THE_ISOLATE, lives: livesOf(300_000) },
      { connections: OF_THE_ISOLATE, lives: livesOf(60_000) },
    ],
    [undefined, PLACED],
    (changes, originWorker) => ({ ...changes, originWorker, memoryLifeMs: 0 }),
  ),
  validation: cross(MEMORY_LIVES_MS, Object.values(VALIDATION_FLEETS), (memoryLifeMs, fleet) => ({
    ...fleet,
    memoryLifeMs,
  })),
};

export function makeExperiments(seed: number): Experiment[] {
  return Object.entries(changesByName).map(([name, changes]) => ({
    name,
    configs: changes.map((change) => configOf(seed, change)),
  }));
}
