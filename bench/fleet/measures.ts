import type { Trace } from '../../src/cache/look-up.ts';
import { type CallRecorder, type Calls, makeCallRecorder } from './calls.ts';
import { type Latencies, makeLatencies } from './latencies.ts';
import type { Commit } from './origin.ts';
import type { Region } from './places.ts';

/** The source of a read's answer: memory, another read's load in the same isolate, Redis or Postgres. */
export const TIERS = ['memory', 'joined', 'redis', 'postgres'] as const;
export type Tier = (typeof TIERS)[number];

/** The counts of one run, from the end of its warm-up on. */
export interface Measures extends Calls {
  readonly reads: number;
  readonly writes: number;
  readonly byTier: Readonly<Record<Tier, number>>;
  /** Loads of answers. Writes and drains are not counted. */
  readonly loads: number;
  readonly births: number;
  /**
   * Reads for which Redis did not answer in time, or was no longer asked. Reads that joined another's load are not
   * counted.
   */
  readonly withoutRedis: number;
  readonly latencies: Latencies;
  /** The ages of wrong answers in ms, ascending. An age runs from the commit to the beginning of the read. */
  readonly staleMs: { readonly service: readonly number[]; readonly outside: readonly number[] };
  /** The longest time in ms from when Redis learnt of a change to a read that missed it. */
  readonly longestPastRedisMs: number;
  /** The counts of each region, by its name. */
  readonly regions: Readonly<Record<string, { reads: number; withoutRedis: number }>>;
}

export interface Recorder extends Pick<CallRecorder, 'command' | 'news'> {
  isCounting: boolean;
  read(region: Region, trace: Trace, latencyMs: number): void;
  stale(commit: Commit, startedMs: number): void;
  write(): void;
  load(): void;
  birth(): void;
  result(): Measures;
}

export function makeRecorder(): Recorder {
  const byTier = { memory: 0, joined: 0, redis: 0, postgres: 0 };
  const counts = { writes: 0, loads: 0, births: 0, withoutRedis: 0 };
  const regions: Record<string, { reads: number; withoutRedis: number }> = {};
  const staleMs = { service: [] as number[], outside: [] as number[] };
  const latencies = makeLatencies();
  let longestPastRedisMs = 0;

  const { result, ...calls } = makeCallRecorder(() => recorder.isCounting);
  const recorder: Recorder = {
    isCounting: false,
    read(region, trace, latencyMs) {
      if (!recorder.isCounting) return;
      const tier = tierOf(trace);
      byTier[tier] += 1;
      latencies.add(tier, region, latencyMs);
      const ofRegion = (regions[region.name] ??= { reads: 0, withoutRedis: 0 });
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
    ...calls,
    load: () => void (counts.loads += Number(recorder.isCounting)),
    birth: () => void (counts.births += Number(recorder.isCounting)),
    result: () => ({
      ...counts,
      reads: byTier.memory + byTier.joined + byTier.redis + byTier.postgres,
      byTier,
      ...result(),
      regions,
      longestPastRedisMs,
      latencies: latencies.result(),
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
