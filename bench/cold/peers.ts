import { cachified } from '@epic-web/cachified';
import { createCache, DefaultStatefulContext, Namespace } from '@unkey/cache';
import { MemoryStore, type Entry, type Store } from '@unkey/cache/stores';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import type { L2CacheDriver } from 'bentocache/types';
import { Cacheable, Keyv, type KeyvStoreAdapter } from 'cacheable';
import { Loader } from 'layered-loader/core';
import { TAGS } from './ours.ts';
import { type Instance, KEY, type Row, type Side, type Tier, TTL_MS, type World } from './world.ts';

const MAX_ITEMS = 1_000;

/** Values under keys in the shared store. Each operation costs a round trip. */
interface Values<T> {
  get(key: string): Promise<T | undefined>;
  set(key: string, value: T): Promise<unknown>;
  delete(...keys: string[]): Promise<boolean>;
}

function makeValues<T>(tier: Tier): Values<T> {
  const values = new Map<string, T>();
  return {
    get: (key) => tier.ask(() => values.get(key)),
    set: (key, value) => tier.ask(() => values.set(key, value)),
    delete: (...keys) => tier.ask(() => keys.map((key) => values.delete(key)).includes(true)),
  };
}

/** A side whose instances share only such values. */
function sideOf<T>(name: string, start: (world: World, values: Values<T>) => Instance): Side {
  return {
    name,
    async open(world) {
      const values = makeValues<T>(world.tier);
      return { start: () => start(world, values), close: async () => {} };
    },
  };
}

function makeBentoDriver(values: Values<string>): L2CacheDriver {
  const driver: L2CacheDriver = {
    type: 'l2',
    namespace: () => driver,
    get: (key) => values.get(key),
    async pull(key) {
      const value = await values.get(key);
      await values.delete(key);
      return value;
    },
    set: async (key, value) => Boolean(await values.set(key, value)),
    delete: (key) => values.delete(key),
    deleteMany: (keys) => values.delete(...keys),
    clear: async () => {},
    disconnect: async () => {},
  };
  return driver;
}

function startBento({ origin }: World, values: Values<string>, tags?: string[]): Instance {
  const store = bentostore()
    .useL1Layer(memoryDriver({ maxItems: MAX_ITEMS }))
    .useL2Layer({ options: {}, factory: () => makeBentoDriver(values) });
  const bento = new BentoCache({ default: 'tiers', stores: { tiers: store } });
  const tagged = tags ? { tags } : {};
  return {
    read: () => bento.getOrSet({ key: KEY, ttl: TTL_MS, factory: () => origin.load(), ...tagged }),
    async write() {
      origin.commit();
      await (tags ? bento.deleteByTag({ tags }) : bento.delete({ key: KEY }));
    },
  };
}

function makeUnkeyStore(values: Values<Entry<Row>>): Store<'user', Row> {
  return {
    name: 'shared',
    get: async (_namespace, key) => ({ val: await values.get(key) }),
    async set(_namespace, key, entry) {
      await values.set(key, entry);
      return { val: undefined };
    },
    async remove(_namespace, keys) {
      await values.delete(...[keys].flat());
      return { val: undefined };
    },
  };
}

function startUnkey({ origin }: World, values: Values<Entry<Row>>): Instance {
  const memory = new MemoryStore<'user', Row>({ persistentMap: new Map() });
  const stores = [memory, makeUnkeyStore(values)];
  const namespace = new Namespace<Row>(new DefaultStatefulContext(), {
    stores,
    fresh: TTL_MS,
    stale: 2 * TTL_MS,
  });
  const cache = createCache({ user: namespace });
  return {
    async read() {
      const { val, err } = await cache.user.swr(KEY, () => origin.load());
      if (!val) throw err ?? new Error('@unkey/cache has found nothing');
      return val;
    },
    async write() {
      origin.commit();
      await cache.user.remove(KEY);
    },
  };
}

type Cached = NonNullable<Awaited<ReturnType<Parameters<typeof cachified>[0]['cache']['get']>>>;

// cachified knows only the shared tier. Callers with the same cache object, here those of one instance, share loads.
function startCachified({ origin }: World, values: Values<Cached>): Instance {
  const cache = { ...values };
  return {
    read: () => cachified<Row>({ cache, key: KEY, ttl: TTL_MS, getFreshValue: () => origin.load() }),
    async write() {
      origin.commit();
      await cache.delete(KEY);
    },
  };
}

function startLayeredLoader({ origin }: World, values: Values<Row | null>): Instance {
  const unused = (): never => {
    throw new Error('layered-loader has asked for many');
  };
  const loader = new Loader<Row>({
    inMemoryCache: { cacheType: 'lru-map', ttlInMsecs: TTL_MS, maxItems: MAX_ITEMS },
    asyncCache: {
      expirationTimeLoadingOperation: new Loader<number>({}),
      get: (key) => values.get(key),
      set: (key, value) => values.set(key, value),
      delete: (key) => values.delete(key),
      deleteMany: (keys) => values.delete(...keys),
      getMany: unused,
      setMany: unused,
      getExpirationTime: unused,
      clear: unused,
      close: async () => {},
    },
    dataSources: [{ name: 'origin', get: () => origin.load(), getMany: unused }],
  });
  return {
    async read() {
      const row = await loader.get(KEY);
      if (!row) throw new Error('layered-loader has found nothing');
      return row;
    },
    async write() {
      origin.commit();
      await loader.invalidateCacheFor(KEY);
    },
  };
}

function startCacheable({ origin }: World, values: Values<unknown>): Instance {
  const store: KeyvStoreAdapter = {
    opts: {},
    get: (key) => values.get(key) as Promise<never>,
    set: (key, value) => values.set(key, value),
    delete: (key) => values.delete(key),
    clear: async () => {},
    on: () => store,
  };
  const cacheable = new Cacheable({ secondary: new Keyv({ store }), ttl: TTL_MS });
  return {
    async read() {
      const row = await cacheable.getOrSet(KEY, () => origin.load());
      if (!row) throw new Error('cacheable has found nothing');
      return row;
    },
    async write() {
      origin.commit();
      await cacheable.delete(KEY);
    },
  };
}

/** Every peer, with memory if it has one, over a second tier of its own interface. */
export const peers: readonly Side[] = [
  sideOf<string>('bentocache', (world, values) => startBento(world, values)),
  sideOf<string>('bentocache by 3 tags', (world, values) => startBento(world, values, [...TAGS])),
  sideOf('@unkey/cache', startUnkey),
  sideOf('cachified', startCachified),
  sideOf('layered-loader', startLayeredLoader),
  sideOf('cacheable', startCacheable),
];
