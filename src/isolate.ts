import { type Breaker, makeBreaker } from './cache/breaker.ts';
import type { CacheSettings, IsolateCache, Origin } from './cache/cache.ts';
import { type Counts, makeCounts } from './cache/counts/counts.ts';
import { makeMemory, type Memory } from './cache/memory/memory.ts';
import { type Binding, bindingOf } from './cache/placed/binding.ts';
import { makeJointSeal, makeSeal, type Seal } from './cache/shared/seal.ts';
import type { SharedStoreSettings } from './cache/shared/shared-store.ts';
import { isUnavailable, isRefusedForGood } from './db/client/errors.ts';
import { type Db, makeDb } from './db/client/client.ts';
import { selectOne } from './db/client/client.ts';
import { type Scope, SCOPES } from './directory/caller.ts';
import type { Platform } from './directory/deps.ts';
import { type KeyUses, makeKeyUses } from './directory/keys/uses.ts';
import { isTag } from './directory/tags.ts';
import { ConfigurationError, parseSettings, type Settings } from './settings.ts';
import { type AuthState, makeAuthState } from './http/auth/state.ts';
import { consoleLog, withoutRepeats } from './lib/log.ts';

/** Raise it when the shape of any stored answer changes, so that deployments never read entries of another shape. */
const ENTRY_VERSION = 3;

/** The shortest time between two log lines about the same loss in Redis. */
const FORGOT_EVERY_MS = 60_000;

/**
 * Keeps clients and state of an isolate between requests. The Postgres client is stateless and can be shared. The Redis client batches calls,
 * and Workers forbid sharing I/O between requests, so it is created per request.
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
  readonly placed: OriginWorker;
  readonly auth: AuthState;
  /** The first one signs the cursors that the service makes; any of them may have signed a cursor that comes back. */
  readonly cursorSeals: readonly Seal[];
  readonly accessScopes: ReadonlySet<Scope>;
}

/** The state of the calls to the Worker beside the stores, and of this Worker if it is that one. */
export interface OriginWorker {
  /** Undefined where the stores are asked from here. */
  readonly binding: Binding | undefined;
  /** Signs the calls. */
  readonly seal: Seal;
  readonly breaker: Breaker;
  readonly deadlineMs: number;
}

// Several configurations can share one isolate in tests, so the state is kept per bindings object.
const isolates = new WeakMap<object, Isolate>();

/** The isolate's state for these bindings; throws `ConfigurationError` when a var is wrong. */
export function isolateOf(env: object): Isolate {
  const known = isolates.get(env);
  if (known) return known;
  const isolate = makeIsolate(parseSettings(env), bindingOf(env, 'ORIGIN'));
  isolates.set(env, isolate);
  return isolate;
}

function makeIsolate(settings: Settings, binding: Binding | undefined): Isolate {
  const placed = makeOriginWorker(settings, binding);
  const memory = makeMemory({
    maxBytes: settings.MEMORY_MAX_BYTES,
    ttlMs: settings.MEMORY_TTL_MS,
    lifeMs: settings.MEMORY_LIFE_MS,
    deadlineMs: Math.max(settings.REDIS_DEADLINE_MS, binding ? placed.deadlineMs : 0),
  });
  const counts = makeCounts();
  const storeSettings = storeSettingsOf(settings, memory, counts);
  const { databaseId, variant } = storeSettings;
  const db = makeDb(settings.DATABASE_URL, settings.POSTGRES_DEADLINE_MS);
  return {
    settings,
    platform: {
      accountNumber: settings.PLATFORM_ACCOUNT_NUMBER,
      adminUsername: settings.PLATFORM_ADMIN_USERNAME,
      rootDomain: settings.ROOT_DOMAIN,
      environment: settings.ENVIRONMENT,
      keysPerAccount: settings.MAX_KEYS_PER_ACCOUNT,
      deletionsKeptDays: settings.DELETIONS_KEPT_DAYS,
    },
    db,
    origin: { probe: () => selectOne(db), isAway: isUnavailable, isRefusal: isRefusedForGood, isTag },
    keyUses: makeKeyUses(),
    cache: {
      memory,
      inFlight: new Map(),
      breaker: makeBreakerOf(settings),
      originBreaker: makeBreakerOf(settings),
      // An entry of another database or another version must not pass for authentic.
      seal: makeJointSeal(makeSeals(settings, `edge-accounts entries ${databaseId} ${variant}`)),
      counts,
    },
    cacheSettings: {
      freshMs: settings.SHARED_FRESH_MS,
      staleMs: settings.SHARED_STALE_MS,
      absentFreshMs: settings.ABSENT_FRESH_MS,
      redisDeadlineMs: settings.REDIS_DEADLINE_MS,
      originDeadlineMs: settings.POSTGRES_DEADLINE_MS,
    },
    storeSettings,
    placed,
    auth: makeAuthState(),
    cursorSeals: makeSeals(settings, 'edge-accounts cursors'),
    accessScopes: new Set(settings.ACCESS_SCOPES.map(toScope)),
  };
}

function makeOriginWorker(settings: Settings, binding: Binding | undefined): OriginWorker {
  return {
    binding,
    seal: makeJointSeal(makeSeals(settings, 'edge-accounts calls of the origin worker')),
    breaker: makeBreakerOf(settings),
    deadlineMs: Math.min(settings.ORIGIN_DEADLINE_MS, settings.POSTGRES_DEADLINE_MS),
  };
}

function makeBreakerOf({ BREAKER_FAILURES: failures, BREAKER_COOLDOWN_MS: coolDownMs }: Settings): Breaker {
  return makeBreaker({ failures, coolDownMs });
}

function toScope(name: string): Scope {
  const scope = SCOPES.find((one) => one === name);
  if (!scope) throw new ConfigurationError(`ACCESS_SCOPES: ${name} is none of ${SCOPES.join(', ')}`);
  return scope;
}

function storeSettingsOf(settings: Settings, { validation }: Memory, counts: Counts): SharedStoreSettings {
  // A full Redis begins no new epoch, so every call finds the same loss again.
  const log = withoutRepeats(consoleLog, FORGOT_EVERY_MS);
  return {
    databaseId: settings.DATABASE_ID || databaseIdOf(settings.DATABASE_URL),
    variant: `${ENTRY_VERSION}:${settings.PLATFORM_ACCOUNT_NUMBER}:${settings.PLATFORM_ADMIN_USERNAME}`,
    leaseMs: settings.LEASE_MS,
    newest: { time: null },
    log: validation,
    counts,
    onForgot: (what) => log.error('shared_store_forgot', { what }),
  };
}

// Only the password counts, so that deployments on the pooled host and on the direct host accept each other's entries.
function makeSeals({ ENTRY_SECRET, DATABASE_URL }: Settings, purpose: string): readonly Seal[] {
  const secrets = ENTRY_SECRET ? ENTRY_SECRET.split(' ') : [new URL(DATABASE_URL).password || DATABASE_URL];
  return secrets.map((secret) => makeSeal(secret, purpose));
}

// Deployments with different roles or hosts of one database must share tags, so neither is part of the name.
function databaseIdOf(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl);
  return `${host.replace('-pooler.', '.')}${pathname}`;
}
