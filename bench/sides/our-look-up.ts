import { LRUCache } from 'lru-cache';
import type { Deps } from '../../src/directory/deps.ts';
import { find } from '../../src/directory/look-up.ts';
import { userById } from '../../src/directory/users/users.ts';
import type { Side } from '../measure.ts';
import { fillMemory, makeCache, makeUser, noStore } from './our-cache.ts';

const TTL_MS = 3_600_000;
const ID = 3;
const KEY = `user:${ID}`;
/** As the validated parameters of a request are. */
const INPUT = { userId: ID };
/** The least cost of any async look-up. */
export const FLOOR = 'an async function around lru-cache';

function makeOurs(): Side {
  const cache = makeCache(noStore);
  fillMemory(cache);
  // A hit uses only the cache, and the log where the user is absent.
  const deps = { cache, log: cache.log } as Deps;
  return { name: 'ours', isAsync: true, op: () => find(deps, userById, INPUT) };
}

function makeFloor(): Side {
  const lru = new LRUCache<string, object>({ max: 1_000, ttl: TTL_MS });
  lru.set(KEY, makeUser(ID));
  return { name: FLOOR, isAsync: true, op: async () => lru.get(KEY) };
}

/** A hit in memory by the public look-up, without the peers, and the floor. */
export async function makeSides(): Promise<readonly Side[]> {
  return [makeFloor(), makeOurs()];
}
