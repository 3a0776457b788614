import { Loader } from 'layered-loader/core';
import { LRUCache } from 'lru-cache';
import type { Side } from '../measure.ts';
import { makeUser, USER_COUNT, userIds } from './our-cache.ts';
import { makeSides as makeOurSides } from './our-memory.ts';

const TTL_MS = 3_600_000;
const keys = userIds.map((id) => `user:${id}`);

/** A hit in memory without a promise: this product, raw lru-cache with ttl, and the one peer with such a path. */
export async function makeSides(): Promise<readonly Side[]> {
  const raw = new LRUCache<string, object>({ max: 1_000, ttl: TTL_MS });
  const loader = new Loader<object>({
    inMemoryCache: { cacheType: 'lru-map', ttlInMsecs: TTL_MS, maxItems: 1_000 },
    dataSources: [],
  });
  for (const id of userIds) {
    raw.set(`user:${id}`, makeUser(id));
    await loader.forceSetValue(`user:${id}`, makeUser(id));
  }
  return [
    ...(await makeOurSides()),
    { name: 'lru-cache', op: (turn) => raw.get(keys[turn % USER_COUNT] ?? '') },
    { name: 'layered-loader', op: (turn) => loader.getInMemoryOnly(keys[turn % USER_COUNT] ?? '') },
  ];
}
