import { makeBreaker } from './cache/breaker.ts';
import type { Cache, IsolateCache } from './cache/cache.ts';
import { systemClock } from './cache/clock.ts';
import { makeMemory } from './cache/memory.ts';
import { makeSharedStore, type SharedStore } from './cache/shared-store.ts';
import { makeUpstash, type Upstash } from './cache/upstash.ts';
import { makeDb } from './db/client.ts';
import { selectOne } from './db/probe.ts';
import type { Deps } from './directory/deps.ts';
import { parseSettings, type Settings } from './env.ts';
import { consoleLog } from './log.ts';
import { type Probe, probe } from './probe.ts';

/** Raised when the shape of any stored answer changes, so that deployments never read each other's. */
const ENTRY_VERSION = 1;

/** What one isolate keeps between requests: parsed settings and the values of the cache, no clients. */
interface Isolate {
  readonly settings: Settings;
  readonly cache: IsolateCache;
}

// By bindings, not one: tests run several configurations in one isolate.
const isolates = new WeakMap<object, Isolate>();

/** The part of a context that deps need. */
export interface RequestContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** Bindings become clients, for one request; throws `ConfigurationError` when a var is wrong. */
export function makeDeps(env: object, ctx: RequestContext): Deps {
  const { settings, cache } = isolateOf(env);
  return {
    cache: makeCache(settings, cache, ctx),
    db: makeDb(settings.DATABASE_URL, settings.POSTGRES_DEADLINE_MS),
    platform: {
      accountNumber: settings.PLATFORM_ACCOUNT_NUMBER,
      adminUsername: settings.PLATFORM_ADMIN_USERNAME,
      rootDomain: settings.ROOT_DOMAIN,
    },
    log: consoleLog,
  };
}

/** One request's worth of asking each store whether it answers, within its deadline. */
export function makeProbes(env: object): { redis(): Promise<Probe>; postgres(): Promise<Probe> } {
  const { settings } = isolateOf(env);
  const db = makeDb(settings.DATABASE_URL, settings.POSTGRES_DEADLINE_MS);
  return {
    redis: () => probe(systemClock, settings.REDIS_DEADLINE_MS, makeRedis(settings).ping()),
    postgres: () => probe(systemClock, settings.POSTGRES_DEADLINE_MS, selectOne(db)),
  };
}

/** The settings of these bindings, parsed once per isolate. */
export function settingsOf(env: object): Settings {
  return isolateOf(env).settings;
}

function isolateOf(env: object): Isolate {
  const known = isolates.get(env);
  if (known) return known;
  const settings = parseSettings(env);
  const cache: IsolateCache = {
    memory: makeMemory({ maxBytes: settings.MEMORY_MAX_BYTES, ttlMs: settings.MEMORY_TTL_MS }),
    flights: new Map(),
    breaker: makeBreaker({ failures: settings.BREAKER_FAILURES, coolDownMs: settings.BREAKER_COOLDOWN_MS }),
  };
  const isolate = { settings, cache };
  isolates.set(env, isolate);
  return isolate;
}

function makeCache(settings: Settings, isolate: IsolateCache, ctx: RequestContext): Cache {
  return {
    ...isolate,
    shared: makeShared(settings),
    settings: {
      freshMs: settings.SHARED_FRESH_MS,
      staleMs: settings.SHARED_STALE_MS,
      absentFreshMs: settings.ABSENT_FRESH_MS,
      redisDeadlineMs: settings.REDIS_DEADLINE_MS,
      originDeadlineMs: settings.POSTGRES_DEADLINE_MS,
    },
    clock: systemClock,
    log: consoleLog,
    waitUntil: (promise) => ctx.waitUntil(promise),
  };
}

function makeShared(settings: Settings): SharedStore {
  return makeSharedStore(makeRedis(settings).run, {
    databaseId: databaseIdOf(settings.DATABASE_URL),
    variant: `${ENTRY_VERSION}:${settings.PLATFORM_ACCOUNT_NUMBER}:${settings.PLATFORM_ADMIN_USERNAME}`,
    leaseMs: settings.LEASE_MS,
    longestLifeMs: Math.max(settings.SHARED_FRESH_MS + settings.SHARED_STALE_MS, settings.ABSENT_FRESH_MS),
  });
}

function makeRedis(settings: Settings): Upstash {
  return makeUpstash({
    url: settings.UPSTASH_REDIS_REST_URL,
    token: settings.UPSTASH_REDIS_REST_TOKEN,
    deadlineMs: settings.REDIS_DEADLINE_MS,
  });
}

// Roles and the pooled host of one database must share tags, so neither is part of the name.
function databaseIdOf(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl);
  return `${host.replace('-pooler.', '.')}${pathname}`;
}
