import * as fc from 'fast-check';
import { inject } from 'vitest';
import './provided.ts';

/**
 * What `npm test` takes a short run of, and `npm run test:full` the whole; on servers a longer whole, where they take a
 * fifth of the time.
 */
export function scaled<T>(fast: T, full: T, fullOnServers = full): T {
  if (!inject('isFull')) return fast;
  return inject('isOnServers') ? fullOnServers : full;
}

/** The seed of everything random in this run; printed at its start, given by `SEED` to replay. */
export const seed: number = inject('seed');

/** So many of the cases for `npm test`, a third by default, others with each seed; all of them for the other commands. */
export function sampled<T>(all: readonly T[], count = Math.ceil(all.length / 3)): readonly T[] {
  const drawn = fc.shuffledSubarray([...all], { minLength: count, maxLength: count });
  return inject('isReal') ? all : scaled(fc.sample(drawn, { seed, numRuns: 1 })[0] ?? [], all);
}

/** Whether this is the one of so many costly tests that a run of `npm test` takes. The other commands take all. */
export function isDrawn(part: number, parts: number): boolean {
  return inject('isReal') || scaled(seed % parts === part, true);
}

/** For `vi.waitFor`, whose own deadline is a second: the longest that a test waits for what is sure to come. */
export const PATIENTLY = { timeout: 240_000 };
