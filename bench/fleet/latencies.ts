import type { Tier } from './measures.ts';
import type { Region } from './places.ts';

export interface Quantiles {
  readonly reads: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The latencies of all reads, and of parts of them. */
export interface Latencies {
  readonly all: Quantiles;
  /** Reads that Redis answered. */
  readonly shared: Quantiles;
  /** Reads that Postgres answered. */
  readonly cold: Quantiles;
  /** Reads that Postgres answered and that came from farther away than `FAR_TRIP_MS`. */
  readonly coldAndFar: Quantiles;
}

/** Tokyo, Singapore and Sydney lie farther away from Virginia than this trip. */
const FAR_TRIP_MS = 140;

export function makeLatencies() {
  const [all, shared, cold, coldAndFar] = [
    makeHistogram(),
    makeHistogram(),
    makeHistogram(),
    makeHistogram(),
  ];
  return {
    add(tier: Tier, region: Region, ms: number): void {
      all.add(ms);
      if (tier === 'redis') shared.add(ms);
      if (tier !== 'postgres') return;
      cold.add(ms);
      if (region.tripMs > FAR_TRIP_MS) coldAndFar.add(ms);
    },
    result: (): Latencies => ({
      all: all.quantiles(),
      shared: shared.quantiles(),
      cold: cold.quantiles(),
      coldAndFar: coldAndFar.quantiles(),
    }),
  };
}

/** Each bucket of a histogram is wider than the one before by this factor, which bounds the error of a quantile. */
const BUCKET_GROWTH = 1.01;
const LEAST_MS = 0.01;

function makeHistogram() {
  const buckets: number[] = [];
  let count = 0;
  const bucketOf = (ms: number): number =>
    ms < LEAST_MS ? 0 : 1 + Math.floor(Math.log(ms / LEAST_MS) / Math.log(BUCKET_GROWTH));
  const quantile = (share: number): number => {
    let below = 0;
    for (const [bucket, size] of buckets.entries()) {
      below += size;
      if (below >= share * count) return bucket === 0 ? 0 : LEAST_MS * BUCKET_GROWTH ** bucket;
    }
    return 0;
  };
  return {
    add(ms: number): void {
      const bucket = bucketOf(ms);
      while (buckets.length <= bucket) buckets.push(0);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      count += 1;
    },
    quantiles: (): Quantiles => ({ reads: count, p50Ms: quantile(0.5), p99Ms: quantile(0.99) }),
  };
}
