/** Requests of one isolate see times as far apart as their last I/O. Within this nobody asks why. */
export const CLOCK_TOLERANCE_MS = 1_000;

/** What the requests of an isolate read off their clocks. */
export interface Readings {
  note(nowMs: number): void;
  /** How much older than it seems, by this reading, what set out at this position in the isolate's order may be. */
  doubtOf(order: number, nowMs: number): number;
}

/**
 * A request may only be behind another, or the clock has been set back: nobody can tell. So nothing goes, and what was read
 * before lives as much shorter than `ttlMs`, as if the time had passed once and were to pass again.
 */
export function makeReadings(ttlMs: number, nextOrder: () => number): Readings {
  let latestMs = 0;
  /** Of what set out at an earlier order. By `untilMs` it has expired all the same. */
  let doubt = { order: 0, byMs: 0, peakMs: 0, untilMs: 0 };

  const stepBackAt = (nowMs: number): number => {
    const byMs = latestMs - nowMs;
    return byMs > CLOCK_TOLERANCE_MS ? byMs : 0;
  };
  const raiseDoubt = (nowMs: number): void => {
    const isRaised = nowMs < doubt.untilMs;
    const peakMs = isRaised ? Math.max(doubt.peakMs, latestMs) : latestMs;
    const byMs = isRaised ? Math.max(doubt.byMs, peakMs - nowMs) : peakMs - nowMs;
    doubt = { order: nextOrder(), byMs, peakMs, untilMs: nowMs + byMs + ttlMs };
  };

  return {
    note(nowMs) {
      if (stepBackAt(nowMs) > 0) raiseDoubt(nowMs);
      else if (nowMs <= latestMs) return;
      latestMs = nowMs;
    },
    doubtOf: (order, nowMs) => Math.max(stepBackAt(nowMs), order < doubt.order ? doubt.byMs : 0),
  };
}
