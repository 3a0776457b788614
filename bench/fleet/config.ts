import { ALWAYS_OPEN, type Connections } from './connections.ts';
import type { Lives } from './isolates.ts';
import { type Network, PUBLISHED } from './network.ts';
import type { OriginWorkerConfig } from './origin-worker.ts';

/** A fleet, its traffic and its settings. */
export interface FleetConfig {
  readonly seed: number;
  readonly places: number;
  readonly isolates: number;
  readonly lives: Lives;
  readonly accounts: number;
  /** The reads of an account are proportional to its rank to this negative power. */
  readonly zipfExponent: number;
  /** The share of an account's reads that come from its home place. */
  readonly homeShare: number;
  /** Reads of the whole fleet. */
  readonly readsPerS: number;
  readonly readsPerWrite: number;
  /** The share of writes that other programs make. Only the drain reports them to Redis. */
  readonly outsideShare: number;
  readonly payloadBytes: number;
  readonly network: Network;
  readonly connections: Connections;
  /** The Worker beside the stores that every read below memory asks. Without it isolates ask the stores themselves. */
  readonly originWorker?: OriginWorkerConfig | undefined;
  readonly memoryTtlMs: number;
  /** The longest life of an entry in memory that the log validates, in ms; 0 for no validation. */
  readonly memoryLifeMs: number;
  readonly memoryMaxBytes: number;
  readonly redisDeadlineMs: number;
  readonly drainEveryMs: number;
  /** The run counts nothing during this time. */
  readonly warmUpMs: number;
  readonly countedMs: number;
}

/** The product's defaults for its own settings, and for the traffic the middle of the range that the page shows. */
const STANDARD: FleetConfig = {
  seed: 1,
  places: 300,
  isolates: 1_000,
  lives: { idleMs: 60_000, meanLifeMs: 1_800_000, deployEveryMs: Infinity },
  accounts: 100_000,
  zipfExponent: 0.9,
  homeShare: 0.8,
  readsPerS: 1_000,
  readsPerWrite: 1_000,
  outsideShare: 0.1,
  payloadBytes: 450,
  network: PUBLISHED,
  connections: ALWAYS_OPEN,
  memoryTtlMs: 5_000,
  memoryLifeMs: 300_000,
  memoryMaxBytes: 16 * 2 ** 20,
  redisDeadlineMs: 250,
  drainEveryMs: 2_500,
  warmUpMs: 60_000,
  countedMs: 120_000,
};

/** The standard fleet with these changes. A fleet with fewer isolates than places keeps only the largest places. */
export function makeConfig(changes: Partial<FleetConfig>): FleetConfig {
  const config = { ...STANDARD, ...changes };
  return { ...config, places: Math.min(config.places, config.isolates) };
}
