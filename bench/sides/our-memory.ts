import type { Side } from '../measure.ts';
import { fillMemory, makeCache, noStore, USER_COUNT, userIds } from './our-cache.ts';

const keys = userIds.map((id) => `user:${id}`);

/** The product's synchronous hit in memory. */
export async function makeSides(): Promise<readonly Side[]> {
  const cache = makeCache(noStore);
  fillMemory(cache);
  return [
    {
      name: 'ours',
      op: (turn) => cache.memory.get(keys[turn % USER_COUNT] ?? '', cache.clock.now()),
    },
  ];
}
