import { LRUCache } from 'lru-cache';
import { type Invalidations, makeInvalidations } from './invalidations.ts';
import { isLater, type LogicalTime } from './logical-time.ts';
import { CLOCK_TOLERANCE_MS, makeReadings } from './readings.ts';

/** An answer in isolate memory. Values are frozen: callers of a hit share one object. */
export interface MemoryEntry {
  readonly value: unknown;
  readonly tags: readonly string[];
  /** Null when the shared store was away: it then satisfies no token. */
  readonly asOf: LogicalTime | null;
  /** When the read of the shared store was sent, in ms: the start of the entry's life. */
  readonly sentAtMs: number;
  /** Position in this isolate's order of reads and invalidations. */
  readonly order: number;
  readonly bytes: number;
  /** How often the entry has been a hit. */
  hits: number;
  /** The value once more, as who awaits it wants it: resolved, and made at the first hit. */
  answer?: Promise<unknown> | undefined;
  /** The origin gave it, so that it is as new as its read, whatever the shared store says. */
  readonly isLoaded?: boolean;
  /** Set on an answer that stands in for a failing origin; negative, in ms. Such an answer is never kept. */
  readonly staleMsLeft?: number;
  /** Whether it has been refreshed ahead, once: an attempt that fails is not repeated by every hit. */
  isRefreshed?: boolean;
}

export type MemoryFault = 'clock-stepped-back' | 'expired' | 'invalidated';

/** An entry, and why `get` would not answer it; null when it would. */
export interface Peeked {
  readonly entry: MemoryEntry;
  readonly fault: MemoryFault | null;
}

export interface Memory {
  /** What `get` would find, and changes nothing: neither recency nor what is kept. */
  peek(key: string, nowMs: number): Peeked | undefined;
  get(key: string, nowMs: number): MemoryEntry | undefined;
  /** Keeps the entry unless it is expired, invalidated here since it was read, or older than what is kept. */
  set(key: string, entry: MemoryEntry, nowMs: number): boolean;
  delete(key: string): void;
  readonly invalidations: Invalidations;
  readonly ttlMs: number;
}

/** What an entry costs besides its payload, tags and key: objects and map slots, roughly. */
const ENTRY_OVERHEAD_BYTES = 256;
/** No single answer may push out more than a sixteenth of the others. */
const MAX_ENTRY_SHARE = 16;
/** Given, or lru-cache makes an object of options for every hit: 56 bytes. */
const AS_EVER = {};

/**
 * The isolate's LRU, bounded by bytes. Only `get`, `peek`, `set` and `delete` of lru-cache are used, without its ttl: workerd's
 * clock stands still between requests, and entries would never expire.
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
      const entry = entries.get(key, AS_EVER);
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
