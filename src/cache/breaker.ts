/** `half-open`: the next caller is let through to probe. */
export interface BreakerDescription {
  readonly state: 'closed' | 'half-open' | 'open';
  readonly failuresInARow: number;
  /** Until the next caller is let through; 0 unless open. */
  readonly msUntilProbe: number;
}

/** Keeps an outage of the shared store from costing every request a deadline. */
export interface Breaker {
  /** Whether to ask now. Past the cool-down one caller at a time is let through to probe. */
  allows(nowMs: number): boolean;
  succeeded(): void;
  failed(nowMs: number): void;
  /** Where it stands; takes no probe. */
  describe(nowMs: number): BreakerDescription;
}

/** Opens after `failures` in a row; lets one probe through every `coolDownMs` until one succeeds. */
export function makeBreaker({ failures, coolDownMs }: { failures: number; coolDownMs: number }): Breaker {
  let inARow = 0;
  let closedUntilMs = 0;
  // A clock that stepped back must not keep the breaker open for as long as it stepped.
  const isCooling = (nowMs: number): boolean => nowMs < closedUntilMs && nowMs >= closedUntilMs - coolDownMs;
  return {
    allows(nowMs) {
      if (inARow < failures) return true;
      if (isCooling(nowMs)) return false;
      // A probe that dies with its request never reports back, so the next one is due by time alone.
      closedUntilMs = nowMs + coolDownMs;
      return true;
    },
    succeeded() {
      inARow = 0;
    },
    failed(nowMs) {
      inARow += 1;
      closedUntilMs = nowMs + coolDownMs;
    },
    describe(nowMs) {
      const isOpen = inARow >= failures && isCooling(nowMs);
      const state = inARow < failures ? 'closed' : isOpen ? 'open' : 'half-open';
      return { state, failuresInARow: inARow, msUntilProbe: isOpen ? closedUntilMs - nowMs : 0 };
    },
  };
}
