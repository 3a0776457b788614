/** The tier that answered a read, by the position of its counter. */
export const TIER = { isolate: 0, joined: 1, redis: 2, postgres: 3 } as const;
const TIER_COUNT = 4;

/** The upper bounds of the buckets of latency, in ms. What took longer than the last is in one bucket more. */
export const LATENCY_BOUNDS_MS = [1, 5, 20, 50, 100, 250, 1_000] as const;

// The position of a counter is its name in Redis, where isolates of several versions add to it: it never moves.
export const ABSENT = 0;
export const ERRORS = 1;
export const REFUSED = 2;
export const LATENCY = 3;
const READS = 16;

/** A minute has no more counters, which is room for 28 kinds of look-ups. */
export const MAX_COUNTERS = 128;

/** The first of the counters of a kind of look-up, one for each tier. */
export function countersOfKind(kind: number): number {
  return READS + kind * TIER_COUNT;
}
