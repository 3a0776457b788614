/** Time as a parameter: production passes `systemClock`, tests one that they move themselves. */
export interface Clock {
  /** Wall time, in ms since 1970. */
  now(): number;
  /** Calls back once, `ms` from now. Returns a function that cancels the call. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/**
 * The promise's outcome, or a rejection with `DeadlineExceeded` after `ms`.
 * The timer belongs to the caller's own request, so that a promise of a request that died cannot hang this one.
 */
export function withDeadline<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(Math.max(0, ms), () => {
      reject(new DeadlineExceeded(`no answer in ${ms} ms`));
    });
    promise.then(resolve, reject).then(cancel, cancel);
  });
}

export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/** The clock stands still within a turn in production. Elsewhere it may advance by this much while many reads begin. */
const TURN_MS = 5;

interface SharedTimer {
  readonly dueMs: number;
  readonly callbacks: Set<() => void>;
  readonly cancel: () => void;
}

/**
 * The clock for a request that waits for many things at once. Timers of equal length that start together call back in one turn,
 * so that the next calls of a store travel together again.
 */
export function withSharedTimers(clock: Clock): Clock {
  const newest = new Map<number, SharedTimer>();
  const start = (ms: number, dueMs: number): SharedTimer => {
    const callbacks = new Set<() => void>();
    const cancel = clock.after(ms, () => {
      leave(ms, timer);
      for (const callback of callbacks) callback();
    });
    const timer: SharedTimer = { dueMs, callbacks, cancel };
    newest.set(ms, timer);
    return timer;
  };
  const leave = (ms: number, timer: SharedTimer): void => {
    if (newest.get(ms) === timer) newest.delete(ms);
  };
  return {
    now: () => clock.now(),
    after(ms, callback) {
      const dueMs = clock.now() + ms;
      const started = newest.get(ms);
      const isTogether = started !== undefined && Math.abs(dueMs - started.dueMs) <= TURN_MS;
      const timer = isTogether ? started : start(ms, dueMs);
      timer.callbacks.add(callback);
      return () => {
        timer.callbacks.delete(callback);
        if (timer.callbacks.size > 0) return;
        leave(ms, timer);
        timer.cancel();
      };
    },
  };
}
