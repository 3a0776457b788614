import type { Cache } from './cache.ts';
import type { LookUp, LookUpDefinition, ReadDemands, RightsLookUp } from './look-up.ts';
import { withDeadline } from './clock.ts';
import { OriginUnavailable } from './errors.ts';
import type { Flight } from './loads/flights.ts';
import { hasAsOf, isLogical, type LogicalTime } from './logical-time.ts';
import type { MemoryEntry } from './memory.ts';
import { GRACE_MS, isYoung, setOut, startFlight, traceJoin } from './loads/set-out.ts';
import { LONGEST_LIFE_MS } from './shared/shared-store.ts';

/** Refresh ahead begins in the last fifth of an entry's life, and only for entries that were asked for this often. */
const REFRESH_AHEAD_SHARE = 1 / 5;
const HOT_HITS = 2;
/** Loads of other requests that a read waits on, should they die, before it makes one of its own whatever is under way. */
const MAX_JOINS = 2;

/**
 * Answers a look-up from memory, a load under way in this isolate, the shared store or the origin, whichever is nearest
 * and meets the demands. The answer is frozen and `null` means proven absent; rejects with `OriginUnavailable` when the
 * origin fails and nothing valid is in reach. Most reads end in memory, and those make no object: all are given one promise.
 */
export function readThrough<C, I, T>(
  cache: Cache,
  definition: LookUpDefinition<C, I, T>,
  context: C,
  input: I,
  asked: ReadDemands = NO_DEMANDS,
): Promise<T> {
  const key = definition.key(input);
  const demands = withoutOutlivedToken(cache, asked);
  const nowMs = cache.clock.now();
  const entry = findInMemory(cache, key, demands, nowMs);
  if (!entry) return readBelowMemory(cache, definition, context, input, demands);
  entry.hits += 1;
  if (entry.value === null) definition.noteAbsent?.(context, input);
  if (isDueForRefresh(cache, key, entry, nowMs)) {
    entry.isRefreshed = true;
    startFlight(cache, bind(definition, context, input), {}, false);
  }
  entry.answer ??= Promise.resolve(entry.value);
  // The key names the look-up, and only its own parsed answers are kept under it.
  return entry.answer as Promise<T>;
}

const NO_DEMANDS: ReadDemands = {};

async function readBelowMemory<C, I, T>(
  cache: Cache,
  definition: LookUpDefinition<C, I, T>,
  context: C,
  input: I,
  demands: ReadDemands,
): Promise<T> {
  const isAsked = definition.isPossible?.(input) ?? true;
  const entry = isAsked
    ? await fromFlight(cache, bind(definition, context, input), demands, MAX_JOINS)
    : IMPOSSIBLE;
  if (entry.value === null) definition.noteAbsent?.(context, input);
  // As above.
  return entry.value as T;
}

const IMPOSSIBLE = { value: null };

/** As `readThrough`, for an answer that decides what somebody may do or see: its look-up must say so. */
export function readForRights<C, I, T>(
  cache: Cache,
  definition: RightsLookUp<C, I, T>,
  context: C,
  input: I,
  asked?: ReadDemands,
): Promise<T> {
  return readThrough(cache, definition, context, input, asked);
}

function bind<C, I, T>(definition: LookUpDefinition<C, I, T>, context: C, input: I): LookUp<T> {
  const key = definition.key(input);
  return { ...definition, key, load: () => definition.load(context, input) };
}

/** The entry in memory, if the demands admit it. */
function findInMemory(
  cache: Cache,
  key: string,
  demands: ReadDemands,
  nowMs: number,
): MemoryEntry | undefined {
  const { trace, reload } = demands;
  const entry = cache.memory.get(key, nowMs);
  if (trace) trace.memory = { hit: false, ms: 0 };
  if (!entry) return undefined;
  if (reload) cache.memory.delete(key);
  const isNewEnough = isYoungEnough(entry.sentAtMs, nowMs, demands) && hasAsOf(entry.asOf, demands.token);
  if (reload || !isNewEnough) {
    if (trace) trace.refused = true;
    return undefined;
  }
  if (trace) trace.memory = { hit: true, ttlMs: ttlMsOf(cache, entry, nowMs), ms: 0 };
  return entry;
}

function ttlMsOf({ memory }: Cache, { sentAtMs }: MemoryEntry, nowMs: number): number {
  return sentAtMs + memory.ttlMs - nowMs;
}

/** Whether a hot entry is in the last fifth of its life, and nobody has asked for its refresh. */
function isDueForRefresh(cache: Cache, key: string, entry: MemoryEntry, nowMs: number): boolean {
  if (ttlMsOf(cache, entry, nowMs) > cache.memory.ttlMs * REFRESH_AHEAD_SHARE) return false;
  return entry.hits > HOT_HITS && !entry.isRefreshed && !joinable(cache, key, NO_DEMANDS);
}

async function fromFlight<T>(
  cache: Cache,
  lookUp: LookUp<T>,
  demands: ReadDemands,
  joinsLeft: number,
): Promise<MemoryEntry> {
  if (joinsLeft === 0) return startFlight(cache, lookUp, demands, true).answer;
  const flight = joinable(cache, lookUp.key, demands);
  if (!flight) return setOut(cache, lookUp, demands);
  const askedMs = cache.clock.now();
  try {
    const entry = await withDeadline(
      cache.clock,
      landsByMs(cache, flight) + GRACE_MS - askedMs,
      flight.answer,
    );
    // A load that failed may have ended in a stale answer, older than the as-of that the token was held against.
    if (!hasAsOf(entry.asOf, demands.token)) return setOut(cache, lookUp, demands);
    traceJoin(cache, demands, entry, askedMs);
    return entry;
  } catch (error) {
    if (error instanceof OriginUnavailable && !flight.isDemanding) throw error;
    // The request that began the load died. Of those who waited on it one loads anew, and the others take its answer.
    const entry = findInMemory(cache, lookUp.key, demands, cache.clock.now());
    return entry ?? fromFlight(cache, lookUp, demands, joinsLeft - 1);
  }
}

/** The flight of the key that a read with these demands would wait for. */
export function joinable(cache: Cache, key: string, demands: ReadDemands): Flight | undefined {
  const nowMs = cache.clock.now();
  const flight = demands.reload ? undefined : cache.flights.get(key);
  if (!flight) return undefined;
  const { sentAtMs, order, asOf } = flight.departure;
  if (nowMs >= landsByMs(cache, flight) || !isYoung(flight, nowMs)) return undefined;
  const isUsable = isYoungEnough(sentAtMs, nowMs, demands) && mayHaveAsOf(asOf, demands);
  return isUsable && order > cache.memory.invalidations.last() ? flight : undefined;
}

// An answer from a flight is as old as the flight: joining one past the memory lifetime would stretch the bound.
function landsByMs({ memory, settings }: Cache, { departure }: Flight): number {
  return departure.sentAtMs + Math.min(settings.originDeadlineMs, memory.ttlMs);
}

export function isYoungEnough(sentAtMs: number, nowMs: number, { maxAgeMs }: ReadDemands): boolean {
  return maxAgeMs === undefined || (maxAgeMs > 0 && nowMs - sentAtMs <= maxAgeMs);
}

// Nobody knows before the shared store has spoken; the answer is held against the token when it is there.
function mayHaveAsOf(asOf: LogicalTime | null | undefined, demands: ReadDemands): boolean {
  if (asOf !== undefined || !demands.token) return hasAsOf(asOf ?? null, demands.token);
  return isLogical(demands.token);
}

// Once every entry must be younger than an invalidation that failed, its token demands nothing any more.
export function withoutOutlivedToken({ clock, memory }: Cache, demands: ReadDemands): ReadDemands {
  const { token } = demands;
  if (!token || isLogical(token) || clock.now() < token.unsharedSinceMs + LONGEST_LIFE_MS + memory.ttlMs)
    return demands;
  return { ...demands, token: undefined };
}
