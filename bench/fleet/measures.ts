import type { Trace } from '../../src/cache/look-up.ts';
import type { Commit } from './origin.ts';

/** Where a read's answer came from: memory, another read's flight in the same isolate, Redis, Postgres. */
export const TIERS = ['memory', 'joined', 'redis', 'postgres'] as const;
export type Tier = (typeof TIERS)[number];

export type Command = 'read' | 'fill' | 'release' | 'invalidate';

/** What is counted of one run, from the end of its warm-up on. */
export interface Measures {
  readonly reads: number;
  readonly writes: number;
  readonly byTier: Readonly<Record<Tier, number>>;
  readonly commands: Readonly<Record<Command, number>>;
  /** Loads of answers; neither writes nor drains. */
  readonly loads: number;
  readonly births: number;
  /** Reads, but not joined ones, for which Redis did not answer in time or was not asked any more. */
  readonly withoutRedis: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly meanMs: number;
  /** Age of wrong answers: from the commit to the beginning of the read, in ms, ascending. */
  readonly staleMs: { readonly service: readonly number[]; readonly outside: readonly number[] };
  /** The greatest time from when Redis knew of a change to a read that did not, in ms. */
  readonly longestPastRedisMs: number;
  /** By name of the region. */
  readonly regions: Readonly<Record<string, { reads: number; withoutRedis: number }>>;
}

export interface Recorder {
  isCounting: boolean;
  read(region: string, trace: Trace, latencyMs: number): void;
  stale(commit: Commit, startedMs: number): void;
  write(): void;
  command(command: Command): void;
  load(): void;
  birth(): void;
  result(): Measures;
}

export function makeRecorder(): Recorder {
  const byTier = { memory: 0, joined: 0, redis: 0, postgres: 0 };
  const commands = { read: 0, fill: 0, release: 0, invalidate: 0 };
  const counts = { writes: 0, loads: 0, births: 0, withoutRedis: 0 };
  const regions: Record<string, { reads: number; withoutRedis: number }> = {};
  const staleMs = { service: [] as number[], outside: [] as number[] };
  const latencies = makeHistogram();
  let longestPastRedisMs = 0;

  const recorder: Recorder = {
    isCounting: false,
    read(region, trace, latencyMs) {
      if (!recorder.isCounting) return;
      byTier[tierOf(trace)] += 1;
      latencies.add(latencyMs);
      const ofRegion = (regions[region] ??= { reads: 0, withoutRedis: 0 });
      ofRegion.reads += 1;
      if (!trace.shared?.detail) return;
      ofRegion.withoutRedis += 1;
      counts.withoutRedis += 1;
    },
    stale({ atMs, isOutside, invalidatedMs }, startedMs) {
      if (!recorder.isCounting) return;
      staleMs[isOutside ? 'outside' : 'service'].push(startedMs - atMs);
      longestPastRedisMs = Math.max(longestPastRedisMs, startedMs - (invalidatedMs ?? startedMs));
    },
    write: () => void (counts.writes += Number(recorder.isCounting)),
    command: (command) => void (commands[command] += Number(recorder.isCounting)),
    load: () => void (counts.loads += Number(recorder.isCounting)),
    birth: () => void (counts.births += Number(recorder.isCounting)),
    result: () => ({
      ...counts,
      reads: byTier.memory + byTier.joined + byTier.redis + byTier.postgres,
      byTier,
      commands,
      regions,
      longestPastRedisMs,
      p50Ms: latencies.quantile(0.5),
      p99Ms: latencies.quantile(0.99),
      meanMs: latencies.mean(),
      staleMs: { service: staleMs.service.toSorted(ascending), outside: staleMs.outside.toSorted(ascending) },
    }),
  };
  return recorder;
}

function tierOf({ memory, origin }: Trace): Tier {
  if (memory?.hit) return 'memory';
  if (memory?.collapsed) return 'joined';
  return origin ? 'postgres' : 'redis';
}

const ascending = (a: number, b: number): number => a - b;

/** Buckets of a histogram are this much wider than the one before: what a quantile may be off by. */
const BUCKET_GROWTH = 1.01;
const LEAST_MS = 0.01;

function makeHistogram() {
  const buckets: number[] = [];
  let count = 0;
  let sum = 0;
  const bucketOf = (ms: number): number =>
    ms < LEAST_MS ? 0 : 1 + Math.floor(Math.log(ms / LEAST_MS) / Math.log(BUCKET_GROWTH));
  return {
    add(ms: number): void {
      const bucket = bucketOf(ms);
      while (buckets.length <= bucket) buckets.push(0);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      count += 1;
      sum += ms;
    },
    mean: () => (count === 0 ? 0 : sum / count),
    quantile(share: number): number {
      let below = 0;
      for (const [bucket, size] of buckets.entries()) {
        below += size;
        if (below >= share * count) return bucket === 0 ? 0 : LEAST_MS * BUCKET_GROWTH ** bucket;
      }
      return 0;
    },
  };
}
