/** `closed`: ask the store. `open`: do without it. `probe`: the same, and find out behind the answer whether it is back. */
export type BreakerState = 'closed' | 'open' | 'probe';

export interface BreakerDescription {
  readonly state: 'closed' | 'open';
  readonly failuresInARow: number;
  /** Until a caller is told to probe; 0 when the next one is, and while it is closed. */
  readonly msUntilProbe: number;
}

/** Keeps an outage of a store from costing every request a deadline. */
export interface Breaker {
  /** What to do now. While it is open, one caller per cool-down is told to probe. */
  next(nowMs: number): BreakerState;
  /** The store has answered what was sent at that time. */
  succeeded(sentAtMs: number): void;
  /** It has not; news from before its latest answer is no news. */
  failed(sentAtMs: number, nowMs: number): void;
  /** Where it stands; tells nobody to probe. */
  describe(nowMs: number): BreakerDescription;
}

export interface BreakerSettings {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** From one probe to the next, in ms. */
  readonly coolDownMs: number;
}

/** Where nobody has asked for so many cool-downs, what the breaker knows is old, and the next to ask does ask. */
const QUIET_COOL_DOWNS = 5;

/** Opens after `failures` in a row, and closes when a probe is answered; after a quiet spell it takes one failure. */
export function makeBreaker({ failures, coolDownMs }: BreakerSettings): Breaker {
  let inARow = 0;
  let nextProbeMs = 0;
  let answeredSentMs = -Infinity;
  const isOpen = (): boolean => inARow >= failures;
  // A clock that stepped back must not put the probe off for as long as it stepped.
  const isCooling = (nowMs: number): boolean => nowMs < nextProbeMs && nowMs >= nextProbeMs - coolDownMs;
  const isQuiet = (nowMs: number): boolean => nowMs >= nextProbeMs + QUIET_COOL_DOWNS * coolDownMs;
  return {
    next(nowMs) {
      if (isOpen() && isQuiet(nowMs)) inARow = failures - 1;
      if (!isOpen()) return 'closed';
      if (isCooling(nowMs)) return 'open';
      // A probe that dies with its request never reports back, so the next one is due by time alone.
      nextProbeMs = nowMs + coolDownMs;
      return 'probe';
    },
    succeeded(sentAtMs) {
      inARow = 0;
      answeredSentMs = Math.max(answeredSentMs, sentAtMs);
    },
    failed(sentAtMs, nowMs) {
      // Unless the clock has stepped back, and cannot tell before from after.
      if (sentAtMs < answeredSentMs && nowMs >= answeredSentMs) return;
      inARow += 1;
      // Later failures put no probe off: those of requests that hang would do so for as long as they come.
      if (inARow === failures) nextProbeMs = nowMs + coolDownMs;
    },
    describe(nowMs) {
      const state = isOpen() && !isQuiet(nowMs) ? 'open' : 'closed';
      const msUntilProbe = state === 'open' && isCooling(nowMs) ? nextProbeMs - nowMs : 0;
      return { state, failuresInARow: inARow, msUntilProbe };
    },
  };
}

/** The breaker for a request whose questions travel together: until the store answers one, what fails is one failure. */
export function countedTogether(breaker: Breaker): Breaker {
  let isCounted = false;
  return {
    ...breaker,
    succeeded(sentAtMs) {
      isCounted = false;
      breaker.succeeded(sentAtMs);
    },
    failed(sentAtMs, nowMs) {
      if (!isCounted) breaker.failed(sentAtMs, nowMs);
      isCounted = true;
    },
  };
}
