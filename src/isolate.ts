import { makeBreaker } from './cache/breaker.ts';
import type { CacheSettings, IsolateCache } from './cache/cache.ts';
import { makeMemory } from './cache/memory.ts';
import type { SharedStoreSettings } from './cache/shared-store.ts';
import type { Platform } from './directory/deps.ts';
import { type KeyUses, makeKeyUses } from './directory/key-uses.ts';
import { parseSettings, type Settings } from './env.ts';

/** Raised when the shape of any stored answer changes, so that deployments never read each other's. */
const ENTRY_VERSION = 1;

/** What an isolate keeps between requests: parsed settings and the values of the cache, never a client. */
export interface Isolate {
  readonly settings: Settings;
  readonly platform: Platform;
  readonly keyUses: KeyUses;
  readonly cache: IsolateCache;
  readonly cacheSettings: CacheSettings;
  readonly storeSettings: SharedStoreSettings;
}

// By bindings, not one: tests run several configurations in one isolate.
const isolates = new WeakMap<object, Isolate>();

/** The isolate's state for these bindings; throws `ConfigurationError` when a var is wrong. */
export function isolateOf(env: object): Isolate {
  const known = isolates.get(env);
  if (known) return known;
  const isolate = makeIsolate(parseSettings(env));
  isolates.set(env, isolate);
  return isolate;
}

function makeIsolate(settings: Settings): Isolate {
  const breakerSettings = { failures: settings.BREAKER_FAILURES, coolDownMs: settings.BREAKER_COOLDOWN_MS };
  return {
    settings,
    platform: {
      accountNumber: settings.PLATFORM_ACCOUNT_NUMBER,
      adminUsername: settings.PLATFORM_ADMIN_USERNAME,
      rootDomain: settings.ROOT_DOMAIN,
      environment: settings.ENVIRONMENT,
    },
    keyUses: makeKeyUses(),
    cache: {
      memory: makeMemory({ maxBytes: settings.MEMORY_MAX_BYTES, ttlMs: settings.MEMORY_TTL_MS }),
      flights: new Map(),
      breaker: makeBreaker(breakerSettings),
      originBreaker: makeBreaker(breakerSettings),
    },
    cacheSettings: {
      freshMs: settings.SHARED_FRESH_MS,
      staleMs: settings.SHARED_STALE_MS,
      absentFreshMs: settings.ABSENT_FRESH_MS,
      redisDeadlineMs: settings.REDIS_DEADLINE_MS,
      originDeadlineMs: settings.POSTGRES_DEADLINE_MS,
    },
    storeSettings: {
      databaseId: settings.DATABASE_ID || databaseIdOf(settings.DATABASE_URL),
      variant: `${ENTRY_VERSION}:${settings.PLATFORM_ACCOUNT_NUMBER}:${settings.PLATFORM_ADMIN_USERNAME}`,
      leaseMs: settings.LEASE_MS,
    },
  };
}

// Roles and the pooled host of one database must share tags, so neither is part of the name.
function databaseIdOf(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl);
  return `${host.replace('-pooler.', '.')}${pathname}`;
}
