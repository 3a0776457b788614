import { LRUCache } from 'lru-cache';
import { type Invalidations, makeInvalidations } from './invalidations.ts';
import { isLater, type LogicalTime } from './logical-time.ts';
import { CLOCK_TOLERANCE_MS, makeReadings } from './readings.ts';

/** An answer in isolate memory. Values are frozen: callers of a hit share one object. */
export interface MemoryEntry {
  readonly value: unknown;
  readonly tags: readonly string[];
  /** Null if the shared store was away. The entry then satisfies no token. */
  readonly asOf: LogicalTime | null;
  /** The time at which the read of the shared store was sent, in ms. The entry's life begins then. */
  readonly sentAtMs: number;
  /** Position in this isolate's order of reads and invalidations. */
  readonly order: number;
  readonly bytes: number;
  /** The number of times that the entry has been a hit. */
  hits: number;
  /** `Promise.resolve(value)`, created on the first hit so that later hits allocate nothing. */
  answer?: Promise<unknown> | undefined;
  /** True if the origin gave the value in this read. It is then as new as the read, whatever its as-of. */
  readonly isLoaded?: boolean;
  /** Set on a stale answer that replaces that of a failing origin; negative, in ms. Memory never keeps such an answer. */
  readonly staleMsLeft?: number;
  /** True after a refresh ahead has begun. A refresh that fails is not repeated by every hit. */
  isRefreshed?: boolean;
}

export type MemoryFault = 'clock-stepped-back' | 'expired' | 'invalidated';

/** An entry, and the reason for which `get` would refuse it; null if it would answer it. */
export interface Peeked {
  readonly entry: MemoryEntry;
  readonly fault: MemoryFault | null;
}

export interface Memory {
  /** Answers what `get` would find, without changing recency or dropping the entry. */
  peek(key: string, nowMs: number): Peeked | undefined;
  get(key: string, nowMs: number): MemoryEntry | undefined;
  /** Keeps the entry unless it is expired, invalidated here since it was read, or older than what is kept. */
  set(key: string, entry: MemoryEntry, nowMs: number): boolean;
  delete(key: string): void;
  readonly invalidations: Invalidations;
  readonly ttlMs: number;
}

/** The rough cost of an entry besides payload, tags and key: objects and map slots. */
const ENTRY_OVERHEAD_BYTES = 256;
/** No single answer may push out more than a sixteenth of the others. */
const MAX_ENTRY_SHARE = 16;
/** One options object for all hits. lru-cache would create one of 56 bytes for each. */
const NO_OPTIONS = {};

/**
 * The LRU of the isolate, bounded by bytes. It uses only `get`, `peek`, `set` and `delete` of lru-cache, and not its ttl: the clock
 * of workerd stands still between requests, so that entries would never expire.
 */
export function makeMemory({ maxBytes, ttlMs }: { maxBytes: number; ttlMs: number }): Memory {
  const entries = new LRUCache<string, MemoryEntry>({ maxSize: maxBytes });
  const invalidations = makeInvalidations(ttlMs);
  const readings = makeReadings(ttlMs, invalidations.nextOrder);

  const findFault = (entry: MemoryEntry, nowMs: number): MemoryFault | null => {
    if (nowMs < entry.sentAtMs - CLOCK_TOLERANCE_MS) return 'clock-stepped-back';
    if (nowMs >= entry.sentAtMs + ttlMs) return 'expired';
    if (nowMs >= entry.sentAtMs + ttlMs - readings.doubtOf(entry.order, nowMs)) return 'clock-stepped-back';
    return invalidations.findHitSince(entry.order, entry.tags) === undefined ? null : 'invalidated';
  };
  const isUsable = (entry: MemoryEntry, nowMs: number): boolean => findFault(entry, nowMs) === null;

  return {
    ttlMs,
    invalidations,
    delete: (key) => void entries.delete(key),
    peek(key, nowMs) {
      const entry = entries.peek(key);
      return entry && { entry, fault: findFault(entry, nowMs) };
    },
    get(key, nowMs) {
      readings.note(nowMs);
      const entry = entries.get(key, NO_OPTIONS);
      if (!entry || isUsable(entry, nowMs)) return entry;
      entries.delete(key);
      return undefined;
    },
    set(key, entry, nowMs) {
      readings.note(nowMs);
      const kept = entries.get(key);
      const isOutdated = kept && isUsable(kept, nowMs) && isOlder(entry, kept);
      const size = sizeOf(key, entry);
      if (isOutdated || !isUsable(entry, nowMs) || size > maxBytes / MAX_ENTRY_SHARE) return false;
      entries.set(key, entry, { size });
      return true;
    },
  };
}

function isOlder(entry: MemoryEntry, kept: MemoryEntry): boolean {
  if (isLater(kept.asOf, entry.asOf)) return true;
  return !isLater(entry.asOf, kept.asOf) && kept.order > entry.order;
}

function sizeOf(key: string, { bytes, tags }: MemoryEntry): number {
  return bytes + key.length + tags.join().length + ENTRY_OVERHEAD_BYTES;
}
