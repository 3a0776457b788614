import type { Side } from '../measure.ts';
import { fillMemory, makeCache, noStore, USER_COUNT, userIds } from './our-cache.ts';

const keys = userIds.map((id) => `user:${id}`);

/**
 * The product's synchronous hit in memory. One side passes a time that the caller has, as lru-cache and its kind keep
 * one for a millisecond. The other reads the clock for each hit, as the look-ups do; V8 allocates 16 bytes for
 * `Date.now()`.
 */
export async function makeSides(): Promise<readonly Side[]> {
  // Each side has a memory of its own: the fixed time of the first would be a clock that steps back to the second.
  const [timed, cache] = [makeCache(noStore), makeCache(noStore)];
  fillMemory(timed);
  fillMemory(cache);
  const nowMs = timed.clock.now();
  return [
    { name: 'ours', op: (turn) => timed.memory.get(keys[turn % USER_COUNT] ?? '', nowMs) },
    {
      name: 'ours, with the clock',
      op: (turn) => cache.memory.get(keys[turn % USER_COUNT] ?? '', cache.clock.now()),
    },
  ];
}
