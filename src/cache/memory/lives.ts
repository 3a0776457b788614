import type { Invalidations } from './invalidations.ts';
import type { MemoryEntry, MemoryFault } from './memory.ts';
import { CLOCK_TOLERANCE_MS, type Readings } from './readings.ts';
import type { Validation } from './validation.ts';

/** Decides how long the entries of memory are valid. */
export interface Lives {
  /** The reason for which the entry must not answer; null if it may. */
  findFault(entry: MemoryEntry, nowMs: number): MemoryFault | null;
  lifeMs(entry: MemoryEntry): number;
  validMsLeft(entry: MemoryEntry, nowMs: number): number;
}

interface LivesParts {
  readonly ttlMs: number;
  readonly lifeMs: number;
  readonly invalidations: Invalidations;
  readonly readings: Readings;
  readonly validation: Validation | null;
}

/** An entry is valid by its own read for `ttlMs`, and then for as long as the log validates it, within its life. */
export function makeLives({ ttlMs, lifeMs, invalidations, readings, validation }: LivesParts): Lives {
  const isCovered = (entry: MemoryEntry): boolean => validation?.covers(entry) ?? false;
  const longestMs = (entry: MemoryEntry): number => Math.max(ttlMs, Math.min(lifeMs, entry.freshMs));
  return {
    findFault(entry, nowMs) {
      const ageMs = nowMs - entry.sentAtMs;
      if (ageMs < -CLOCK_TOLERANCE_MS) return 'clock-stepped-back';
      const greatestAgeMs = ageMs + readings.doubtOf(entry.order, nowMs);
      const ifTooOld = ageMs < ttlMs ? 'clock-stepped-back' : 'expired';
      if (greatestAgeMs >= longestMs(entry)) return ifTooOld;
      if (invalidations.isEnded(entry)) return 'invalidated';
      if (greatestAgeMs < ttlMs) return null;
      if (!validation?.covers(entry)) return ifTooOld;
      return nowMs < validation.untilMs(nowMs) ? null : 'lapsed';
    },
    lifeMs: (entry) => (isCovered(entry) ? longestMs(entry) : ttlMs),
    validMsLeft(entry, nowMs) {
      const ownMsLeft = entry.sentAtMs + ttlMs - nowMs;
      if (!validation?.covers(entry)) return ownMsLeft;
      const msLeft = Math.max(ownMsLeft, validation.untilMs(nowMs) - nowMs);
      return Math.min(msLeft, entry.sentAtMs + longestMs(entry) - nowMs);
    },
  };
}
