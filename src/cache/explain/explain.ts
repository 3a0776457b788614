import type { BreakerDescription } from '../breaker.ts';
import type { Cache } from '../cache.ts';
import { isYoungEnough, type KeyedLookUp, type ReadDemands } from '../look-up.ts';
import { type ExplainedShared, explainShared, isEndedBy } from './shared.ts';
import { saysAbsent } from '../loads/load-entry.ts';
import { includesWrite, type LogicalTime } from '../logical-time.ts';
import type { MemoryEntry, MemoryFault } from '../memory/memory.ts';
import type { ValidationDescription } from '../memory/validation.ts';
import type { DescribedTag } from '../shared/description.ts';
import { findJoinable } from '../loads/loads.ts';
import { withoutOutlivedToken } from '../read-through.ts';

/** `load` is a load of the key under way in this isolate. */
export type Tier = 'load' | 'memory' | 'origin' | 'shared';
/** The demand of the read that an answer does not meet. */
export type Refusal = 'refused-by-max-age' | 'refused-by-no-cache' | 'refused-by-token';

/** Describes what a read would do now. */
export interface Explanation {
  readonly key: string;
  readonly nowMs: number;
  readonly demands: ReadDemands;
  /** The tier that would answer; null if none can. */
  readonly tier: Tier | null;
  /** The result of the read if the origin failed: the same, a valid entry past its fresh life, or no answer. */
  readonly ifOriginFails: 'same' | 'stale' | 'unavailable';
  readonly memory: ExplainedMemory;
  readonly load: ExplainedLoad | null;
  readonly breaker: BreakerDescription;
  readonly originBreaker: BreakerDescription;
  /** Null without a Worker beside the stores. While this is closed that Worker asks them, by breakers of its own. */
  readonly placedBreaker: BreakerDescription | null;
  readonly shared: ExplainedShared;
  /** The tags of both entries; empty while the shared store is away. */
  readonly tags: readonly ExplainedTag[];
}

export interface ExplainedTag extends DescribedTag {
  /** The tiers whose entry the last invalidation of the tag ends. */
  readonly ends: readonly ('memory' | 'shared')[];
}

export interface ExplainedMemory {
  readonly state: 'none' | 'usable' | MemoryFault | Refusal;
  readonly entry: MemoryEntry | null;
  /** True if the entry says that the thing does not exist. */
  readonly isAbsent?: boolean;
  /** The state of the log in this isolate; null if it follows none. */
  readonly validation: ValidationDescription | null;
  /** Negative past the entry's life. */
  readonly msLeft: number;
  /** The tag that ends the entry: this isolate has invalidated it, or the log tells of it. */
  readonly invalidatedBy: string | null;
}

/** A read of the tiers below memory that is under way in this isolate. */
export interface ExplainedLoad {
  readonly state: 'invalidated' | 'joinable' | 'too-old' | Refusal;
  readonly sentAtMs: number;
  /** Undefined until the shared store has replied. */
  readonly asOf: LogicalTime | null | undefined;
}

/**
 * Explains what a read of the look-up would do now, with one request to the shared store. Loads, fills and leases nothing, and
 * changes nothing in memory, in the breaker or in the store. Never throws for a store that is away.
 */
export async function explain(cache: Cache, lookUp: KeyedLookUp, asked: ReadDemands): Promise<Explanation> {
  const nowMs = cache.clock.now();
  const demands = withoutOutlivedToken(cache, asked);
  const memory = explainMemory(cache, lookUp, demands, nowMs);
  const load = explainLoad(cache, lookUp.key, demands, nowMs);
  const breakers = describeBreakers(cache, nowMs);
  const asks = asksOf(breakers);
  const shared = await explainShared(cache, lookUp, demands, memory.entry?.tags ?? []);
  // With an open breaker the read would not ask the store, although the store answers this request.
  const entryState = asks.shared && shared.reply ? shared.entryState : 'none';
  const nearest = tierOf(memory, load, entryState === 'fresh');
  const isSame = nearest === 'memory' || entryState === 'fresh';
  const ifOriginFails = isSame ? 'same' : entryState === 'stale' ? 'stale' : 'unavailable';
  const isAway = nearest === 'origin' && !asks.origin;
  const tier = isAway ? (entryState === 'stale' ? 'shared' : null) : nearest;
  const tags = explainTags(memory, shared);
  const state = { memory, load, ...breakers, shared, tags };
  return { key: lookUp.key, nowMs, demands, tier, ifOriginFails, ...state };
}

type Breakers = Pick<Explanation, 'breaker' | 'originBreaker' | 'placedBreaker'>;

function describeBreakers({ breaker, originBreaker, placed }: Cache, nowMs: number): Breakers {
  return {
    breaker: breaker.describe(nowMs),
    originBreaker: originBreaker.describe(nowMs),
    placedBreaker: placed?.breaker.describe(nowMs) ?? null,
  };
}

/** Whether a read would ask each store, by the Worker beside them or itself. */
function asksOf({ breaker, originBreaker, placedBreaker }: Breakers) {
  const isPlaced = placedBreaker?.state === 'closed';
  return {
    shared: isPlaced || breaker.state === 'closed',
    origin: isPlaced || originBreaker.state === 'closed',
  };
}

function tierOf(memory: ExplainedMemory, load: ExplainedLoad | null, isInShared: boolean): Tier {
  if (memory.state === 'usable') return 'memory';
  if (load?.state === 'joinable') return 'load';
  return isInShared ? 'shared' : 'origin';
}

function explainMemory(
  { memory }: Cache,
  lookUp: KeyedLookUp,
  demands: ReadDemands,
  nowMs: number,
): ExplainedMemory {
  const peeked = memory.peek(lookUp.key, nowMs);
  const validation = memory.validation?.describe(nowMs) ?? null;
  if (!peeked) return { state: 'none', entry: null, validation, msLeft: 0, invalidatedBy: null };
  const { entry, fault } = peeked;
  return {
    state: fault ?? findRefusal(entry, nowMs, demands) ?? 'usable',
    entry,
    isAbsent: saysAbsent(lookUp, entry.value),
    validation,
    msLeft: memory.validMsLeft(entry, nowMs),
    invalidatedBy: memory.invalidations.findEnding(entry) ?? null,
  };
}

function explainLoad(cache: Cache, key: string, demands: ReadDemands, nowMs: number): ExplainedLoad | null {
  const load = cache.inFlight.get(key);
  if (!load) return null;
  const { sentAtMs, asOf, order } = load.start;
  const state = (): ExplainedLoad['state'] => {
    if (findJoinable(cache, key, demands)) return 'joinable';
    if (order <= cache.memory.invalidations.last()) return 'invalidated';
    return findRefusal({ sentAtMs, asOf: asOf ?? null }, nowMs, demands) ?? 'too-old';
  };
  return { state: state(), sentAtMs, asOf };
}

function explainTags({ entry }: ExplainedMemory, { reply }: ExplainedShared): ExplainedTag[] {
  if (!reply) return [];
  const stored = typeof reply.entry === 'string' ? null : reply.entry;
  const endedBy = (tag: DescribedTag): ExplainedTag['ends'] => [
    ...(entry && isEndedBy(entry, tag) ? (['memory'] as const) : []),
    ...(stored && isEndedBy(stored, tag) ? (['shared'] as const) : []),
  ];
  return reply.tags.map((tag) => ({ ...tag, ends: endedBy(tag) }));
}

function findRefusal(
  { sentAtMs, asOf }: Pick<MemoryEntry, 'asOf' | 'sentAtMs'>,
  nowMs: number,
  demands: ReadDemands,
): Refusal | null {
  if (demands.reload) return 'refused-by-no-cache';
  if (!isYoungEnough(sentAtMs, nowMs, demands)) return 'refused-by-max-age';
  return includesWrite(asOf, demands.token) ? null : 'refused-by-token';
}
