import type { Cache, Origin } from './cache/cache.ts';
import { systemClock } from './cache/clock.ts';
import { makeSharedStore } from './cache/shared-store.ts';
import { makeUpstash, type Upstash } from './cache/upstash.ts';
import { isPostgresAway } from './db/away.ts';
import { type Db, makeDb } from './db/client.ts';
import { selectOne } from './db/probe.ts';
import type { Deps } from './directory/deps.ts';
import type { Settings } from './env.ts';
import { type Isolate, isolateOf } from './isolate.ts';
import { consoleLog } from './log.ts';
import { type Probe, probe } from './probe.ts';

/** The part of a context that deps need. */
export interface RequestContext {
  waitUntil(promise: Promise<unknown>): void;
}

/**
 * Bindings become clients, for one request and only when it needs them: most are answered from memory.
 * Throws `ConfigurationError` when a var is wrong.
 */
export function makeDeps(env: object, ctx: RequestContext): Deps {
  const isolate = isolateOf(env);
  const db = lazily(() => connectPostgres(isolate.settings));
  const origin = { probe: () => selectOne(db()), isAway: isPostgresAway };
  return {
    cache: makeCache(isolate, origin, ctx),
    platform: isolate.platform,
    keyUses: isolate.keyUses,
    log: consoleLog,
    trace: {},
    get db() {
      return db();
    },
  };
}

/** Asks each store whether it answers, within its deadline. */
export function makeProbes(env: object): { redis(): Promise<Probe>; postgres(): Promise<Probe> } {
  const { settings } = isolateOf(env);
  return {
    redis: () => probe(systemClock, settings.REDIS_DEADLINE_MS, connectRedis(settings).ping()),
    postgres: () => probe(systemClock, settings.POSTGRES_DEADLINE_MS, selectOne(connectPostgres(settings))),
  };
}

/** The settings of these bindings, parsed once per isolate. */
export function settingsOf(env: object): Settings {
  return isolateOf(env).settings;
}

function makeCache(isolate: Isolate, origin: Origin, ctx: RequestContext): Cache {
  const { settings, cache, cacheSettings, storeSettings } = isolate;
  const redis = lazily(() => connectRedis(settings));
  const shared = lazily(() =>
    makeSharedStore((script, keys, args) => redis().run(script, keys, args), storeSettings),
  );
  return {
    ...cache,
    get shared() {
      return shared();
    },
    origin,
    settings: cacheSettings,
    clock: systemClock,
    log: consoleLog,
    waitUntil: (promise) => ctx.waitUntil(promise),
  };
}

function connectRedis(settings: Settings): Upstash {
  return makeUpstash({
    url: settings.UPSTASH_REDIS_REST_URL,
    token: settings.UPSTASH_REDIS_REST_TOKEN,
    deadlineMs: settings.REDIS_DEADLINE_MS,
  });
}

function connectPostgres(settings: Settings): Db {
  return makeDb(settings.DATABASE_URL, settings.POSTGRES_DEADLINE_MS);
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
