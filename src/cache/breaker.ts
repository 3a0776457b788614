/** Keeps an outage of the shared store from costing every request a deadline. */
export interface Breaker {
  /** Whether to ask now. Past the cool-down one caller at a time is let through to probe. */
  allows(nowMs: number): boolean;
  succeeded(): void;
  failed(nowMs: number): void;
}

/** Opens after `failures` in a row; lets one probe through every `coolDownMs` until one succeeds. */
export function makeBreaker({ failures, coolDownMs }: { failures: number; coolDownMs: number }): Breaker {
  let inARow = 0;
  let closedUntilMs = 0;
  return {
    allows(nowMs) {
      if (inARow < failures) return true;
      // A clock that stepped back must not keep the breaker open for as long as it stepped.
      if (nowMs < closedUntilMs && nowMs >= closedUntilMs - coolDownMs) return false;
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
  };
}
