/** The clocks of requests in one isolate differ by the time since their last I/O. A difference up to this is normal. */
export const CLOCK_TOLERANCE_MS = 1_000;

/** The times that the requests of an isolate have read from their clocks. */
export interface Readings {
  note(nowMs: number): void;
  /** The ms by which a read at this position in the isolate's order may be older than this clock says. */
  doubtOf(order: number, nowMs: number): number;
}

/**
 * A request whose time is behind may have slept, or the clock may have been set back, and the two look alike. So no entry is
 * dropped, but entries that were read before live shorter by the difference.
 */
export function makeReadings(lifeMs: number, nextOrder: () => number): Readings {
  let latestMs = 0;
  /** Applies to reads at an earlier position. By `untilMs` all of them have expired. */
  let doubt = { order: 0, byMs: 0, peakMs: 0, untilMs: 0 };

  const stepBackAt = (nowMs: number): number => {
    const byMs = latestMs - nowMs;
    return byMs > CLOCK_TOLERANCE_MS ? byMs : 0;
  };
  const raiseDoubt = (nowMs: number): void => {
    const isRaised = nowMs < doubt.untilMs;
    const peakMs = isRaised ? Math.max(doubt.peakMs, latestMs) : latestMs;
    const byMs = isRaised ? Math.max(doubt.byMs, peakMs - nowMs) : peakMs - nowMs;
    doubt = { order: nextOrder(), byMs, peakMs, untilMs: nowMs + byMs + lifeMs };
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
