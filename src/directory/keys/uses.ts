import { LRUCache } from 'lru-cache';

/** The times at which this isolate last noted the use of keys. */
export interface KeyUses {
  /** True if a use of the key is to be noted now; it then counts as noted. */
  take(keyId: number, nowMs: number): boolean;
}

/** Two uses of a key within this time are noted as one. */
export const USE_RESOLUTION_MS = 300_000;
/** Beyond this many keys, the one noted longest ago is forgotten. Its next use costs one more statement. */
const MAX_KEYS = 10_000;

export function makeKeyUses(maxKeys = MAX_KEYS): KeyUses {
  const notedMs = new LRUCache<number, number>({ max: maxKeys });
  return {
    take(keyId, nowMs) {
      // `peek` leaves the order as it is: a use that is not noted makes no key more recent.
      const sinceMs = nowMs - (notedMs.peek(keyId) ?? -Infinity);
      // A clock that was set back must not delay the next note.
      if (sinceMs >= 0 && sinceMs < USE_RESOLUTION_MS) return false;
      notedMs.set(keyId, nowMs);
      return true;
    },
  };
}
