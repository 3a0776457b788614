import { LRUCache } from 'lru-cache';
import { makeBreaker } from './cache/breaker.ts';
import type { CacheSettings, IsolateCache, Origin } from './cache/cache.ts';
import { makeMemory } from './cache/memory.ts';
import { makeSeal, type Seal } from './cache/shared/seal.ts';
import type { SharedStoreSettings } from './cache/shared/shared-store.ts';
import { isUnavailable, isRefusedForGood } from './db/client/errors.ts';
import { type Db, makeDb } from './db/client/client.ts';
import { selectOne } from './db/client/client.ts';
import { type Scope, SCOPES } from './directory/caller.ts';
import type { Platform } from './directory/deps.ts';
import { type KeyUses, makeKeyUses } from './directory/keys/uses.ts';
import { isTag } from './directory/tags.ts';
import { ConfigurationError, parseSettings, type Settings } from './settings.ts';
import { consoleLog, withoutRepeats } from './lib/log.ts';

/** Raised when the shape of any stored answer changes, so that deployments never read each other's. */
const ENTRY_VERSION = 2;

/** How often an isolate says that Redis has forgotten the same. */
const FORGOT_EVERY_MS = 60_000;

/** More keys than one isolate serves at a time. */
const MAX_PROVEN_KEYS = 1_000;

/** The certificates of the Access team as last fetched, and when that was tried, in ms since 1970. */
export interface AccessCerts {
  keys: readonly AccessKey[];
  fetchedAtMs: number;
  triedAtMs: number;
  failedAtMs: number;
  /** The fetch that is under way, if one is. */
  fetching: object | null;
}

/** A public key of the Access team, as RFC 7517 has it. */
export interface AccessKey {
  readonly kid: string;
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
}

/** What is looked up of a key that was presented. */
export interface KeyDigest {
  /** Null: it is the root key. */
  readonly id: number | null;
  readonly sha256: string;
}

/**
 * What an isolate keeps between requests: parsed settings, the values of the cache, and the client of Postgres, of which every
 * call is a fetch by whoever makes it. That of Redis gathers calls, and must not gather those of two requests.
 */
export interface Isolate {
  readonly settings: Settings;
  readonly platform: Platform;
  readonly db: Db;
  readonly origin: Origin;
  readonly keyUses: KeyUses;
  readonly cache: IsolateCache;
  readonly cacheSettings: CacheSettings;
  readonly storeSettings: SharedStoreSettings;
  /** SHA-256 of keys that were good, and when, in ms since 1970. */
  readonly provenKeys: LRUCache<string, number>;
  /** Of keys that were good when they were presented, by the key, so that each is taken apart and hashed once. */
  readonly digests: LRUCache<string, KeyDigest>;
  readonly accessCerts: AccessCerts;
  /** Tells cursors that the service made from others. */
  readonly cursorSeal: Seal;
  readonly accessScopes: ReadonlySet<Scope>;
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
  const storeSettings = storeSettingsOf(settings);
  const { databaseId, variant } = storeSettings;
  const db = makeDb(settings.DATABASE_URL, settings.POSTGRES_DEADLINE_MS);
  const breakerSettings = { failures: settings.BREAKER_FAILURES, coolDownMs: settings.BREAKER_COOLDOWN_MS };
  return {
    settings,
    platform: {
      accountNumber: settings.PLATFORM_ACCOUNT_NUMBER,
      adminUsername: settings.PLATFORM_ADMIN_USERNAME,
      rootDomain: settings.ROOT_DOMAIN,
      environment: settings.ENVIRONMENT,
      keysPerAccount: settings.MAX_KEYS_PER_ACCOUNT,
    },
    db,
    origin: { probe: () => selectOne(db), isAway: isUnavailable, isRefusal: isRefusedForGood, isTag },
    keyUses: makeKeyUses(),
    cache: {
      memory: makeMemory({ maxBytes: settings.MEMORY_MAX_BYTES, ttlMs: settings.MEMORY_TTL_MS }),
      inFlight: new Map(),
      breaker: makeBreaker(breakerSettings),
      originBreaker: makeBreaker(breakerSettings),
      // What one database or one version of the answers is told proves nothing to another.
      seal: makeSeal(sealSecretOf(settings), `edge-accounts entries ${databaseId} ${variant}`),
    },
    cacheSettings: {
      freshMs: settings.SHARED_FRESH_MS,
      staleMs: settings.SHARED_STALE_MS,
      absentFreshMs: settings.ABSENT_FRESH_MS,
      redisDeadlineMs: settings.REDIS_DEADLINE_MS,
      originDeadlineMs: settings.POSTGRES_DEADLINE_MS,
    },
    storeSettings,
    provenKeys: new LRUCache({ max: MAX_PROVEN_KEYS }),
    digests: new LRUCache({ max: MAX_PROVEN_KEYS }),
    accessCerts: { keys: [], fetchedAtMs: 0, triedAtMs: 0, failedAtMs: 0, fetching: null },
    cursorSeal: makeSeal(sealSecretOf(settings), 'edge-accounts cursors'),
    accessScopes: new Set(settings.ACCESS_SCOPES.map(toScope)),
  };
}

function toScope(name: string): Scope {
  const scope = SCOPES.find((one) => one === name);
  if (!scope) throw new ConfigurationError(`ACCESS_SCOPES: ${name} is none of ${SCOPES.join(', ')}`);
  return scope;
}

function storeSettingsOf(settings: Settings): SharedStoreSettings {
  // A full Redis begins no new epoch, so that each call finds the same loss.
  const log = withoutRepeats(consoleLog, FORGOT_EVERY_MS);
  return {
    databaseId: settings.DATABASE_ID || databaseIdOf(settings.DATABASE_URL),
    variant: `${ENTRY_VERSION}:${settings.PLATFORM_ACCOUNT_NUMBER}:${settings.PLATFORM_ADMIN_USERNAME}`,
    leaseMs: settings.LEASE_MS,
    newest: { time: null },
    onForgot: (what) => log.error('shared_store_forgot', { what }),
  };
}

// The password alone, so that deployments by the pooled host and by the other take each other's entries.
function sealSecretOf({ ENTRY_SECRET, DATABASE_URL }: Settings): string {
  return ENTRY_SECRET || new URL(DATABASE_URL).password || DATABASE_URL;
}

// Roles and the pooled host of one database must share tags, so neither is part of the name.
function databaseIdOf(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl);
  return `${host.replace('-pooler.', '.')}${pathname}`;
}
