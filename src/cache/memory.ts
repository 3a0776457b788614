import { LRUCache } from 'lru-cache';
import { isLater, type LogicalTime } from './logical-time.ts';

/** The tag that every answer depends on. */
export const EVERYTHING = 'everything';

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
}

export interface Memory {
  get(key: string, nowMs: number): MemoryEntry | undefined;
  /** Keeps the entry unless it is expired, invalidated here since it was read, or older than what is kept. */
  set(key: string, entry: MemoryEntry, nowMs: number): boolean;
  delete(key: string): void;
  /** Makes every entry and every load with one of the tags that began before now unusable. */
  invalidate(tags: readonly string[], nowMs: number): void;
  /** The next position in the order of reads and invalidations. */
  nextOrder(): number;
  /** The position of this isolate's latest invalidation. */
  lastInvalidation(): number;
  readonly ttlMs: number;
}

/** Past this many remembered tags, remembering `everything` is cheaper and as right. */
const MAX_REMEMBERED_TAGS = 10_000;
/** What an entry costs besides its payload, tags and key: objects and map slots, roughly. */
const ENTRY_OVERHEAD_BYTES = 256;
/** Requests of one isolate see times as far apart as their last I/O; a clock further back has been set back. */
const CLOCK_TOLERANCE_MS = 1_000;
/** No single answer may push out more than a sixteenth of the others. */
const MAX_ENTRY_SHARE = 16;

/**
 * The isolate's LRU, bounded by bytes. Only `get`, `set` and `delete` of lru-cache are used, without its ttl: workerd's
 * clock stands still between requests, and entries would never expire.
 */
export function makeMemory({ maxBytes, ttlMs }: { maxBytes: number; ttlMs: number }): Memory {
  const entries = new LRUCache<string, MemoryEntry>({ maxSize: maxBytes });
  const invalidated = new Map<string, { order: number; atMs: number }>();
  let order = 0;
  let lastInvalidation = 0;
  let latestMs = 0;

  const emptyIfClockStepsBack = (nowMs: number): void => {
    if (nowMs < latestMs - CLOCK_TOLERANCE_MS) entries.clear();
    else if (nowMs <= latestMs) return;
    latestMs = nowMs;
  };

  const isLive = (entry: MemoryEntry, nowMs: number): boolean =>
    nowMs >= entry.sentAtMs - CLOCK_TOLERANCE_MS && nowMs < entry.sentAtMs + ttlMs;

  const isInvalidated = (entry: MemoryEntry): boolean =>
    entry.order < lastInvalidation &&
    [EVERYTHING, ...entry.tags].some((tag) => (invalidated.get(tag)?.order ?? 0) > entry.order);

  const forgetOld = (nowMs: number): void => {
    for (const [tag, { atMs }] of invalidated) if (nowMs > atMs + ttlMs) invalidated.delete(tag);
  };

  const remember = (tags: readonly string[], nowMs: number): void => {
    lastInvalidation = ++order;
    for (const tag of tags) invalidated.set(tag, { order, atMs: nowMs });
  };

  return {
    ttlMs,
    nextOrder: () => ++order,
    lastInvalidation: () => lastInvalidation,
    delete: (key) => void entries.delete(key),
    get(key, nowMs) {
      emptyIfClockStepsBack(nowMs);
      const entry = entries.get(key);
      if (!entry) return undefined;
      if (isLive(entry, nowMs) && !isInvalidated(entry)) return entry;
      entries.delete(key);
      return undefined;
    },
    set(key, entry, nowMs) {
      emptyIfClockStepsBack(nowMs);
      if (!isLive(entry, nowMs) || isInvalidated(entry)) return false;
      const kept = entries.get(key);
      if (kept && isLive(kept, nowMs) && isOlder(entry, kept)) return false;
      const size = entry.bytes + key.length + entry.tags.join().length + ENTRY_OVERHEAD_BYTES;
      if (size > maxBytes / MAX_ENTRY_SHARE) return false;
      entries.set(key, entry, { size });
      return true;
    },
    invalidate(tags, nowMs) {
      forgetOld(nowMs);
      if (invalidated.size + tags.length <= MAX_REMEMBERED_TAGS) return remember(tags, nowMs);
      invalidated.clear();
      remember([EVERYTHING], nowMs);
    },
  };
}

function isOlder(entry: MemoryEntry, kept: MemoryEntry): boolean {
  if (isLater(kept.asOf, entry.asOf)) return true;
  return !isLater(entry.asOf, kept.asOf) && kept.order > entry.order;
}
