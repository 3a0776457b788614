import { cachified } from '@epic-web/cachified';
import { createCache, DefaultStatefulContext, Namespace } from '@unkey/cache';
import { MemoryStore } from '@unkey/cache/stores';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { Cacheable } from 'cacheable';
import { Loader } from 'layered-loader/core';
import type { Side } from '../measure.ts';
import { makeUser } from './our-cache.ts';
import { makeSides as makeOurSides } from './our-look-up.ts';

const TTL_MS = 3_600_000;
const ID = 3;
const KEY = `user:${ID}`;

type User = ReturnType<typeof makeUser>;

const loadedInVain = (): never => {
  throw new Error('a hit in memory loaded');
};

async function makeBentocache(): Promise<Side> {
  const store = bentostore().useL1Layer(memoryDriver({ maxItems: 1_000, serialize: false }));
  const bento = new BentoCache({ default: 'memory', stores: { memory: store } });
  await bento.set({ key: KEY, value: makeUser(ID), ttl: TTL_MS });
  const op = () => bento.getOrSet({ key: KEY, ttl: TTL_MS, factory: loadedInVain });
  return { name: 'bentocache', isAsync: true, op };
}

async function makeUnkey(): Promise<Side> {
  const context = new DefaultStatefulContext();
  const stores = [new MemoryStore<string, User>({ persistentMap: new Map() })];
  const namespace = new Namespace<User>(context, { stores, fresh: TTL_MS, stale: 2 * TTL_MS });
  const cache = createCache({ user: namespace });
  await cache.user.set(KEY, makeUser(ID));
  return { name: '@unkey/cache', isAsync: true, op: () => cache.user.swr(KEY, loadedInVain) };
}

async function makeCachified(): Promise<Side> {
  const cache = new Map();
  const options = { cache, key: KEY, ttl: TTL_MS };
  await cachified({ ...options, getFreshValue: () => makeUser(ID) });
  const op = () => cachified({ ...options, getFreshValue: loadedInVain });
  return { name: 'cachified', isAsync: true, op };
}

async function makeLayeredLoader(): Promise<Side> {
  const loader = new Loader<User>({
    inMemoryCache: { cacheType: 'lru-map', ttlInMsecs: TTL_MS, maxItems: 1_000 },
    dataSources: [],
  });
  await loader.forceSetValue(KEY, makeUser(ID));
  return { name: 'layered-loader', isAsync: true, op: () => loader.get(KEY) };
}

async function makeCacheable(): Promise<Side> {
  const cacheable = new Cacheable({ ttl: TTL_MS });
  await cacheable.set(KEY, makeUser(ID));
  return { name: 'cacheable', isAsync: true, op: () => cacheable.getOrSet(KEY, loadedInVain) };
}

/** A hit in memory by the public look-up, and by the usual read-through call of every peer. */
export async function makeSides(): Promise<readonly Side[]> {
  return [
    ...(await makeOurSides()),
    await makeLayeredLoader(),
    await makeUnkey(),
    await makeCachified(),
    await makeBentocache(),
    await makeCacheable(),
  ];
}
