import type { Cache } from './cache/cache.ts';
import { sleep, systemClock } from './cache/clock.ts';
import { makeCounts } from './cache/counts/counts.ts';
import { drainAndNote } from './cache/drain.ts';
import { parseLogicalTime } from './cache/logical-time.ts';
import { makeMemory } from './cache/memory/memory.ts';
import { sendOver } from './cache/placed/binding.ts';
import { makeCallerCounts, makeCallerLog } from './cache/placed/of-caller.ts';
import { makePlaced } from './cache/placed/placed.ts';
import type { Call, Reply } from './cache/placed/protocol.ts';
import { NO_NEWS } from './cache/shared/invalidation-log.ts';
import { type NewestTime, noteTime } from './cache/shared/newest-time.ts';
import { type DrainWatch, makeSharedStore, type SharedStore } from './cache/shared/shared-store.ts';
import { makeUpstash, type Upstash } from './cache/shared/upstash.ts';
import type { Db } from './db/client/client.ts';
import type { Caller } from './directory/caller.ts';
import type { Deps } from './directory/deps.ts';
import type { Settings } from './settings.ts';
import { type Isolate, isolateOf } from './isolate.ts';
import { makeOutbox } from './jobs/outbox.ts';
import { type Afterwards, makeAfterwards } from './lib/afterwards.ts';
import { consoleLog, type Log, logOfRequest } from './lib/log.ts';

/** The part of a Worker's execution context that deps need. */
export interface RequestContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** The tools of the verbs, and what waits for the answer. */
export interface RequestDeps extends Deps {
  readonly afterwards: Afterwards;
}

/** Makes the dependencies of one request, which the lines of its log name. Throws `ConfigurationError` when a var is wrong. */
export function makeDeps(
  env: object,
  ctx: RequestContext,
  isolate: Isolate = isolateOf(env),
  requestId?: string,
): RequestDeps {
  const deps = makeStoreDeps(isolate, ctx, { log: logOf(requestId) });
  return { ...deps, ...askOriginWorker(deps.cache, isolate, requestId) };
}

function logOf(requestId: string | undefined): Log {
  return requestId === undefined ? consoleLog : logOfRequest(requestId);
}

/** Dependencies that know the stores alone. */
function makeStoreDeps(isolate: Isolate, ctx: RequestContext, apart: Partial<Cache> & Pick<Cache, 'log'>) {
  const { db, keyUses, platform, settings } = isolate;
  const afterwards = makeAfterwards();
  const onDue = (lease: string) => afterwards.add(() => ctx.waitUntil(drainBehindAnswer(cache, db, lease)));
  const drains = settings.DRAIN_EVERY_MS > 0 ? { everyMs: settings.DRAIN_EVERY_MS, onDue } : null;
  const cache = Object.assign(makeCache(isolate, ctx, drains), apart);
  return { cache, db, platform, keyUses, log: apart.log, trace: {}, afterwards };
}

async function drainBehindAnswer(cache: Cache, db: Db, lease: string): Promise<void> {
  // The answer leaves in this turn of the event loop.
  await sleep(systemClock, 0);
  await drainAndNote(cache, makeOutbox(db), lease);
}

/** The settings of these bindings, parsed once per isolate. */
export function settingsOf(env: object): Settings {
  return isolateOf(env).settings;
}

/** Has the request's reads ask the origin Worker, where there is one. */
function askOriginWorker(
  cache: Writable<Cache>,
  { placed, storeSettings }: Isolate,
  requestId: string | undefined,
): Pick<Deps, 'askFor'> {
  const { binding, seal, breaker, deadlineMs } = placed;
  if (!binding) return {};
  let asking: Caller | undefined;
  const boundsOf = () =>
    asking ? { accountNumber: asking.accountNumber, scopes: [...asking.scopes] } : null;
  const send = sendOver(binding, seal, deadlineMs);
  cache.placed = makePlaced(
    { breaker, deadlineMs, store: storeSettings, boundsOf, send, requestId },
    systemClock,
  );
  return {
    askFor(caller) {
      asking = caller;
    },
  };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The dependencies of one call to the origin Worker. */
export interface PlacedDeps {
  readonly deps: RequestDeps;
  /** What the isolate that calls learns beside the answers: the news of the log, and whether Redis has taken its counts. */
  takeNews(): Pick<Reply, 'isCounted' | 'news'>;
}

/** Without a memory or the loads of other calls: two caches in a row would add the ages of their answers. */
const NO_MEMORY = { maxBytes: 1, ttlMs: 0 };
/** Counts that nobody sends: the isolate that calls counts its reads. */
const UNSENT = makeCounts();

/** Makes the dependencies of one call, whose reads follow the log for the isolate that calls. */
export function makePlacedDeps(
  isolate: Isolate,
  ctx: RequestContext,
  {
    cursor,
    newest: seen,
    counts: counted,
    requestId,
  }: Pick<Call, 'counts' | 'cursor' | 'newest' | 'requestId'>,
): PlacedDeps {
  const { storeSettings } = isolate;
  const newest: NewestTime = { time: parseLogicalTime(seen) ?? storeSettings.newest?.time ?? null };
  const callerLog = cursor === NO_NEWS ? null : makeCallerLog(cursor);
  const callerCounts = makeCallerCounts(counted);
  const store = { ...storeSettings, newest, log: callerLog?.log ?? null, counts: callerCounts.counts };
  const apart = { memory: makeMemory(NO_MEMORY), inFlight: new Map(), counts: UNSENT, log: logOf(requestId) };
  return {
    deps: makeStoreDeps({ ...isolate, storeSettings: store }, ctx, apart),
    takeNews() {
      noteTime(storeSettings.newest, newest.time);
      return { news: callerLog?.take() ?? null, isCounted: callerCounts.isTaken() };
    },
  };
}

function makeCache(
  { settings, cache, cacheSettings, storeSettings, origin }: Isolate,
  ctx: RequestContext,
  drains: DrainWatch | null,
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
      return (shared ??= makeSharedStore(
        connectRedis(settings).run,
        { ...storeSettings, drains },
        systemClock,
      ));
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
