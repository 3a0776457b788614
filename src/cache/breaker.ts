/**
 * `closed`: ask the store. `open`: answer without it. `probe`: answer without it, and ask it after the answer whether it is back.
 */
export type BreakerState = 'closed' | 'open' | 'probe';

export interface BreakerDescription {
  readonly state: 'closed' | 'open';
  readonly failuresInARow: number;
  /** The time until a caller is told to probe. It is 0 when the next caller is told, and while the breaker is closed. */
  readonly msUntilProbe: number;
}

/** Keeps an outage of a store from costing every request a deadline. */
export interface Breaker {
  /** Tells the caller what to do now. While the breaker is open it tells one caller per cool-down to probe. */
  next(nowMs: number): BreakerState;
  /** Notes that the store has answered a request that was sent at that time. */
  succeeded(sentAtMs: number): void;
  /** Notes a request that the store did not answer. A request from before its latest answer does not count. */
  failed(sentAtMs: number, nowMs: number): void;
  /** Describes the breaker and changes nothing: no caller is told to probe. */
  describe(nowMs: number): BreakerDescription;
}

export interface BreakerSettings {
  /** This many failures in a row open the breaker. */
  readonly failures: number;
  /** The time from one probe to the next, in ms. */
  readonly coolDownMs: number;
}

/** After this many cool-downs without a caller the breaker's state is out of date, and the next caller asks the store. */
const QUIET_COOL_DOWNS = 5;

/** The breaker opens after `failures` in a row and closes when a probe is answered. After a quiet spell one failure opens it. */
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
      // A clock that has stepped back cannot tell which of the two was sent first, so the failure counts.
      if (sentAtMs < answeredSentMs && nowMs >= answeredSentMs) return;
      inARow += 1;
      // Later failures do not delay the probe. Requests that hang would otherwise delay it for as long as they come.
      if (inARow === failures) nextProbeMs = nowMs + coolDownMs;
    },
    describe(nowMs) {
      const state = isOpen() && !isQuiet(nowMs) ? 'open' : 'closed';
      const msUntilProbe = state === 'open' && isCooling(nowMs) ? nextProbeMs - nowMs : 0;
      return { state, failuresInARow: inARow, msUntilProbe };
    },
  };
}

/** The breaker for a request whose calls travel together: until the store answers one of them, their failures count as one. */
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
