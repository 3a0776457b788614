import type { Cache } from './cache/cache.ts';
import { systemClock } from './cache/clock.ts';
import { makeSharedStore, type SharedStore } from './cache/shared/shared-store.ts';
import { makeUpstash, type Upstash } from './cache/shared/upstash.ts';
import type { Deps } from './directory/deps.ts';
import type { Settings } from './settings.ts';
import { type Isolate, isolateOf } from './isolate.ts';
import { consoleLog } from './lib/log.ts';

/** The part of a Worker's execution context that deps need. */
export interface RequestContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** Makes the dependencies of one request. Throws `ConfigurationError` when a var is wrong. */
export function makeDeps(env: object, ctx: RequestContext, isolate: Isolate = isolateOf(env)): Deps {
  return {
    cache: makeCache(isolate, ctx),
    db: isolate.db,
    platform: isolate.platform,
    keyUses: isolate.keyUses,
    log: consoleLog,
    trace: {},
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
  const { memory, inFlight, breaker, originBreaker, seal, counts } = cache;
  let shared: SharedStore | undefined;
  return {
    memory,
    inFlight,
    breaker,
    originBreaker,
    seal,
    counts,
    // Made when it is first asked: most requests are answered from memory.
    get shared() {
      return (shared ??= makeSharedStore(connectRedis(settings).run, storeSettings, systemClock));
    },
    origin,
    settings: cacheSettings,
    clock: systemClock,
    log: consoleLog,
    waitUntil: (promise) => ctx.waitUntil(promise),
  };
}

/** A client for one request, because it batches its calls. */
export function connectRedis(settings: Settings): Upstash {
  return makeUpstash({
    url: settings.UPSTASH_REDIS_REST_URL,
    token: settings.UPSTASH_REDIS_REST_TOKEN,
    deadlineMs: settings.REDIS_DEADLINE_MS,
  });
}
