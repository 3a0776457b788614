import { LRUCache } from 'lru-cache';
import { isLater, type LogicalTime } from '../logical-time.ts';
import { type Invalidations, makeInvalidations } from './invalidations.ts';
import { makeLives } from './lives.ts';
import { makeReadings } from './readings.ts';
import { makeValidation, type Validation } from './validation.ts';

/** An answer in isolate memory. Values are frozen: callers of a hit share one object. */
export interface MemoryEntry {
  readonly value: unknown;
  readonly tags: readonly string[];
  /** Null if the shared store was away. The entry then satisfies no token, and only its own read makes it valid. */
  readonly asOf: LogicalTime | null;
  /** The time of the same epoch at which the shared store found the answer valid; its as-of if the origin gave it. */
  readonly validAtN: number;
  /** The time at which the read of the shared store was sent, in ms. The entry's life begins then. */
  readonly sentAtMs: number;
  /** The rest of the answer's fresh life in the shared store then, in ms. */
  readonly freshMs: number;
  /** Position in this isolate's order of reads and invalidations. */
  readonly order: number;
  readonly bytes: number;
  /** The number of times that the entry has been a hit. */
  hits: number;
  /** The version of the invalidations by which the entry was last found to be valid. */
  checked: number;
  /** `Promise.resolve(value)`, created on the first hit so that later hits allocate nothing. */
  answer?: Promise<unknown> | undefined;
  /** True if the origin gave the value in this read. It is then as new as the read, whatever its as-of. */
  readonly isLoaded?: boolean;
  /** Set on a stale answer that replaces that of a failing origin; negative, in ms. Memory never keeps such an answer. */
  readonly staleMsLeft?: number;
  /** True after a refresh ahead has begun. A refresh that fails is not repeated by every hit. */
  isRefreshed?: boolean;
}

/** `lapsed`: nothing validates the entry now, but the next news of the log may. */
export type MemoryFault = 'clock-stepped-back' | 'expired' | 'invalidated' | 'lapsed';

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
  /** Drops what was invalidated, which otherwise goes when it is read or its room is needed. */
  sweep(): void;
  /** The time after which the entry needs another read of its own, in ms from its last one. */
  lifeMs(entry: MemoryEntry): number;
  /** The time until the entry is not valid any more unless the log has news, in ms. */
  validMsLeft(entry: MemoryEntry, nowMs: number): number;
  readonly invalidations: Invalidations;
  /** Follows the log of the shared store; null if entries live by their own reads alone. */
  readonly validation: Validation | null;
  /** An entry is valid for so long after its own read was sent. */
  readonly ttlMs: number;
}

export interface MemorySettings {
  readonly maxBytes: number;
  readonly ttlMs: number;
  /** No entry lives longer, however often it is validated; 0 for no validation. */
  readonly lifeMs?: number;
  /** News of the log that arrive later count for nothing. */
  readonly deadlineMs?: number;
}

/** The rough cost of an entry besides payload, tags and key: objects and map slots. */
const ENTRY_OVERHEAD_BYTES = 256;
/** No single answer may push out more than a sixteenth of the others. */
const MAX_ENTRY_SHARE = 16;
/** One options object for all hits. lru-cache would create one of 56 bytes for each. */
const NO_OPTIONS = {};

/**
 * The LRU of the isolate, bounded by bytes. It uses only `get`, `peek`, `set`, `delete` and `entries` of lru-cache, and not its ttl:
 * the clock of workerd stands still between requests, so that entries would never expire.
 */
export function makeMemory({ maxBytes, ttlMs, lifeMs = 0, deadlineMs = ttlMs }: MemorySettings): Memory {
  const entries = new LRUCache<string, MemoryEntry>({ maxSize: maxBytes });
  const sweep = (): void => {
    for (const [key, entry] of entries.entries()) if (invalidations.isEnded(entry)) entries.delete(key);
  };
  const invalidations = makeInvalidations(sweep);
  const readings = makeReadings(Math.max(ttlMs, lifeMs), invalidations.nextOrder);
  const isFollowing = ttlMs > 0 && lifeMs > 0;
  const validation = isFollowing ? makeValidation({ ttlMs, deadlineMs }, invalidations, readings) : null;
  const lives = makeLives({ ttlMs, lifeMs, invalidations, readings, validation });
  const { findFault } = lives;

  return {
    ttlMs,
    invalidations,
    validation,
    sweep,
    lifeMs: lives.lifeMs,
    validMsLeft: lives.validMsLeft,
    delete: (key) => void entries.delete(key),
    peek(key, nowMs) {
      const entry = entries.peek(key);
      return entry && { entry, fault: findFault(entry, nowMs) };
    },
    get(key, nowMs) {
      readings.note(nowMs);
      const entry = entries.get(key, NO_OPTIONS);
      if (!entry) return undefined;
      const fault = findFault(entry, nowMs);
      if (fault === null) return entry;
      if (fault !== 'lapsed') entries.delete(key);
      return undefined;
    },
    set(key, entry, nowMs) {
      readings.note(nowMs);
      const kept = entries.get(key);
      const isOutdated = kept && findFault(kept, nowMs) === null && isOlder(entry, kept);
      const size = sizeOf(key, entry);
      if (isOutdated || findFault(entry, nowMs) !== null || size > maxBytes / MAX_ENTRY_SHARE) return false;
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
