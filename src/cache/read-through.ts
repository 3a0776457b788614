import type { Cache } from './cache.ts';
import { TIER } from './counts/counters.ts';
import {
  isYoungEnough,
  type LookUp,
  type LookUpDefinition,
  type ReadDemands,
  type RightsLookUp,
} from './look-up.ts';
import { includesWrite, isLogical } from './logical-time.ts';
import type { MemoryEntry } from './memory/memory.ts';
import { findJoinable, joinOrLoad, startLoad } from './loads/loads.ts';
import { askShared } from './shared/guarded-store.ts';
import { LONGEST_LIFE_MS } from './shared/entry-bounds.ts';

/** Refresh ahead begins in this last part of an entry's life, for entries that were asked for this often. */
const REFRESH_AHEAD_SHARE = 1 / 5;
const HOT_HITS = 2;

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
  cache.counts.read(definition.kind, TIER.isolate, entry.value === null, nowMs);
  if (entry.value === null) definition.noteAbsent?.(context, input);
  if (isDueForRefresh(cache, key, entry, nowMs)) {
    entry.isRefreshed = true;
    startLoad(cache, bind(definition, context, input), demandsOfRefresh(cache, entry), false);
  }
  if (cache.memory.validation?.takePoll(entry, nowMs)) pollLog(cache);
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
  const entry = isAsked ? await readLoads(cache, bind(definition, context, input), demands) : IMPOSSIBLE;
  if (entry.value === null) definition.noteAbsent?.(context, input);
  // `loadEntry` answers what this look-up has parsed.
  return entry.value as T;
}

const IMPOSSIBLE = { value: null };

function readLoads<T>(cache: Cache, lookUp: LookUp<T>, demands: ReadDemands): Promise<MemoryEntry> {
  const findEntry = () => findInMemory(cache, lookUp.key, demands, cache.clock.now());
  return joinOrLoad(cache, lookUp, demands, findEntry);
}

/** `readThrough` for an answer that decides what a caller may do or see. Its look-up must declare that. */
export function readForRights<C, I, T>(
  cache: Cache,
  definition: RightsLookUp<C, I, T>,
  context: C,
  input: I,
  asked?: ReadDemands,
): Promise<T> {
  return readThrough(cache, definition, context, input, asked);
}

/** The look-up of this input, for the request of that context. */
export function bind<C, I, T>(definition: LookUpDefinition<C, I, T>, context: C, input: I): LookUp<T> {
  const { name } = definition;
  const key = definition.key(input);
  const question = name !== undefined && { question: { name, input } };
  return { ...definition, key, ...question, load: () => definition.load(context, input) };
}

/** Finds the entry in memory, if the demands admit it. */
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
  const isNewEnough =
    isYoungEnough(entry.sentAtMs, nowMs, demands) && includesWrite(entry.asOf, demands.token);
  if (reload || !isNewEnough) {
    if (trace) trace.refused = true;
    return undefined;
  }
  if (trace) trace.memory = { hit: true, ttlMs: cache.memory.validMsLeft(entry, nowMs), ms: 0 };
  return entry;
}

/** True for a hot entry near the end of its life that is not being refreshed. */
function isDueForRefresh(cache: Cache, key: string, entry: MemoryEntry, nowMs: number): boolean {
  const { memory } = cache;
  const lifeMs = memory.lifeMs(entry);
  if (nowMs < entry.sentAtMs + lifeMs * (1 - REFRESH_AHEAD_SHARE)) return false;
  return entry.hits > HOT_HITS && !entry.isRefreshed && !findJoinable(cache, key, NO_DEMANDS);
}

// An entry of the shared store that ends together with this one is of no use. Only one with a later as-of is.
function demandsOfRefresh({ memory }: Cache, entry: MemoryEntry): ReadDemands {
  const { asOf, freshMs } = entry;
  return asOf && freshMs <= memory.lifeMs(entry)
    ? { token: { epoch: asOf.epoch, n: asOf.n + 1 } }
    : NO_DEMANDS;
}

// The answer of this hit does not wait for the news, and a failure to get them is nothing.
function pollLog(cache: Cache): void {
  cache.waitUntil(askShared(cache, 'poll', (shared) => shared.follow()));
}

// The token of an invalidation that failed has no effect once every entry must be younger than that invalidation.
export function withoutOutlivedToken({ clock, memory }: Cache, demands: ReadDemands): ReadDemands {
  const { token } = demands;
  if (!token || isLogical(token) || clock.now() < token.unsharedSinceMs + LONGEST_LIFE_MS + memory.ttlMs)
    return demands;
  return { ...demands, token: undefined };
}
