/** When this isolate last noted the use of keys. */
export interface KeyUses {
  /** Whether a use of the key is to be noted now; it then counts as noted. */
  take(keyId: number, nowMs: number): boolean;
}

/** Uses are told apart no finer than this. */
export const USE_RESOLUTION_MS = 300_000;
/** Past this many keys the one noted longest ago is forgotten: its next use costs a statement more. */
const MAX_KEYS = 10_000;

export function makeKeyUses(maxKeys = MAX_KEYS): KeyUses {
  const notedMs = new Map<number, number>();
  return {
    take(keyId, nowMs) {
      const sinceMs = nowMs - (notedMs.get(keyId) ?? -Infinity);
      // A clock that was set back must not put the next note off.
      if (sinceMs >= 0 && sinceMs < USE_RESOLUTION_MS) return false;
      // Entered anew, so that the map is in the order of its notes.
      notedMs.delete(keyId);
      notedMs.set(keyId, nowMs);
      const [oldest] = notedMs.keys();
      if (notedMs.size > maxKeys && oldest !== undefined) notedMs.delete(oldest);
      return true;
    },
  };
}
