import { type FleetConfig, makeConfig } from './config.ts';

/** Runs that together answer one question. */
export interface Experiment {
  readonly name: string;
  readonly configs: readonly FleetConfig[];
}

export const ISOLATES = [10, 100, 1_000, 10_000];
export const LIFETIMES_MS = [0, 1_000, 5_000, 10_000, 30_000, 60_000];
export const ACCOUNTS = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/** The share of memory hits that Unkey published. */
export const UNKEY_PERCENT = 27;
const SHORT_AND_LONG_MS = [5_000, 60_000];
const READS_PER_S = 500;
const MIN_WARM_UP_MS = 30_000;
/** Fewer reads would leave a share off by more than half a point. */
const MIN_READS = 50_000;
/** More reads would take longer than they are worth. */
const MAX_READS = 250_000;

function configOf(seed: number, changes: Partial<FleetConfig>): FleetConfig {
  const config = makeConfig({ readsPerS: READS_PER_S, ...changes, seed });
  const { memoryTtlMs, readsPerS } = config;
  const perMs = readsPerS / 1_000;
  return {
    ...config,
    warmUpMs: Math.max(memoryTtlMs, Math.min(MIN_WARM_UP_MS, MAX_READS / perMs)),
    countedMs: Math.min(MAX_READS / perMs, Math.max(config.countedMs, MIN_READS / perMs)),
  };
}

function cross<A, B>(as: readonly A[], bs: readonly B[], make: (a: A, b: B) => Partial<FleetConfig>) {
  return as.flatMap((a) => bs.map((b) => make(a, b)));
}

const changesByName: Readonly<Record<string, readonly Partial<FleetConfig>[]>> = {
  lifetime: cross(ISOLATES, LIFETIMES_MS, (isolates, memoryTtlMs) => ({ isolates, memoryTtlMs })),
  accounts: cross(ACCOUNTS, SHORT_AND_LONG_MS, (accounts, memoryTtlMs) => ({ accounts, memoryTtlMs })),
  rate: cross([10, 100, 1_000, 10_000], SHORT_AND_LONG_MS, (readsPerS, memoryTtlMs) => ({
    isolates: 300,
    readsPerS,
    memoryTtlMs,
  })),
  skew: [0.7, 0.9, 1.1].map((zipfExponent) => ({ zipfExponent })),
  home: [0, 0.5, 0.8, 1].map((homeShare) => ({ homeShare })),
  // One busy isolate reads more different accounts in a lifetime than the smaller sizes can hold.
  size: [2 ** 16, 2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24].map((memoryMaxBytes) => ({
    isolates: 1,
    accounts: 1_000_000,
    zipfExponent: 0.7,
    memoryTtlMs: 60_000,
    memoryMaxBytes,
  })),
  lives: [
    ...cross([2_000, 10_000, 60_000, 1_800_000], SHORT_AND_LONG_MS, (meanLifeMs, memoryTtlMs) => ({
      isolates: 100,
      memoryTtlMs,
      lives: { idleMs: 60_000, meanLifeMs, deployEveryMs: Infinity },
    })),
    ...SHORT_AND_LONG_MS.map((memoryTtlMs) => ({
      isolates: 100,
      memoryTtlMs,
      lives: { idleMs: 60_000, meanLifeMs: 1_800_000, deployEveryMs: 60_000 },
    })),
  ],
  staleness: [1_000, 5_000, 30_000, 60_000].map((memoryTtlMs) => ({
    isolates: 100,
    readsPerWrite: 100,
    outsideShare: 0.3,
    memoryTtlMs,
    countedMs: 180_000,
  })),
  writes: [10, 100, 1_000].map((readsPerWrite) => ({ readsPerWrite })),
  deadline: [100, 150, 250, 500].map((redisDeadlineMs) => ({ redisDeadlineMs })),
};

export function makeExperiments(seed: number): Experiment[] {
  return Object.entries(changesByName).map(([name, changes]) => ({
    name,
    configs: changes.map((change) => configOf(seed, change)),
  }));
}
