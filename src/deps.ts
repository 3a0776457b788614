import type { Cache } from './cache/cache.ts';
import { systemClock } from './cache/clock.ts';
import { type DescribedLoss, toLoss } from './cache/shared/description.ts';
import { forgotKeyOf, makeSharedStore, type RunScript } from './cache/shared/shared-store.ts';
import { makeUpstash, type Upstash } from './cache/shared/upstash.ts';
import { selectOne } from './db/client/client.ts';
import type { Deps } from './directory/deps.ts';
import type { Settings } from './settings.ts';
import { type Isolate, isolateOf } from './isolate.ts';
import { consoleLog } from './lib/log.ts';
import { type Probe, probe } from './store-checks.ts';

/** The part of a context that deps need. */
export interface RequestContext {
  waitUntil(promise: Promise<unknown>): void;
}

/**
 * Bindings become what a request works with; the client of Redis only when it is needed: most are answered from memory.
 * Throws `ConfigurationError` when a var is wrong.
 */
export function makeDeps(env: object, ctx: RequestContext): Deps {
  const isolate = isolateOf(env);
  return {
    cache: makeCache(isolate, ctx),
    db: isolate.db,
    platform: isolate.platform,
    keyUses: isolate.keyUses,
    log: consoleLog,
    trace: {},
  };
}

export type RedisProbe = Probe & { readonly forgot: DescribedLoss | null };

/** Asks each store whether it answers, within its deadline. */
export function makeProbes(env: object): { redis(): Promise<RedisProbe>; postgres(): Promise<Probe> } {
  const { settings, storeSettings, db } = isolateOf(env);
  return {
    async redis() {
      const redis = connectRedis(settings);
      // In one request.
      const [ping, loss] = [redis.ping(), redis.get(forgotKeyOf(storeSettings.databaseId)).catch(() => null)];
      const probed = await probe(systemClock, settings.REDIS_DEADLINE_MS, ping);
      return { ...probed, forgot: probed.state === 'ok' ? toLoss(await loss) : null };
    },
    postgres: () => probe(systemClock, settings.POSTGRES_DEADLINE_MS, selectOne(db)),
  };
}

/** The settings of these bindings, parsed once per isolate. */
export function settingsOf(env: object): Settings {
  return isolateOf(env).settings;
}

function makeCache(
  { settings, cache, cacheSettings, storeSettings, origin }: Isolate,
  ctx: RequestContext,
): Cache {
  const { memory, inFlight, breaker, originBreaker, seal } = cache;
  let redis: Upstash | undefined;
  const run: RunScript = (script, keys, args) => (redis ??= connectRedis(settings)).run(script, keys, args);
  return {
    memory,
    inFlight,
    breaker,
    originBreaker,
    seal,
    shared: makeSharedStore(run, storeSettings),
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
