import type { Side } from '../measure.ts';
import { fillMemory, makeCache, noStore, USER_COUNT, userIds } from './our-cache.ts';

const keys = userIds.map((id) => `user:${id}`);

/**
 * The product's synchronous hit in memory: at a time that the caller has, as lru-cache and its kind keep one for a
 * millisecond, and with a reading of the clock for each hit, as the look-ups do. V8 answers `Date.now()` with 16 bytes.
 */
export async function makeSides(): Promise<readonly Side[]> {
  // One each: to the memory of the second, the time of the first would be a clock that steps back.
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
