/** Time as a parameter: production passes `systemClock`, tests one that they move themselves. */
export interface Clock {
  /** Wall time, in ms since 1970. */
  now(): number;
  /** Calls back once, `ms` from now; returns what cancels it. */
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
  let cancel: () => void = () => {};
  const expiry = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(Math.max(0, ms), () => reject(new DeadlineExceeded(`no answer in ${ms} ms`)));
  });
  return Promise.race([promise, expiry]).finally(() => cancel());
}

export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

interface SharedTimer {
  readonly callbacks: Set<() => void>;
  readonly cancel: () => void;
}

/**
 * The clock for a request that waits for many things at once: what falls due at one moment is called back in one turn, so that
 * what is asked next of a store travels together again.
 */
export function withSharedTimers(clock: Clock): Clock {
  const timers = new Map<number, SharedTimer>();
  const start = (dueMs: number, ms: number): SharedTimer => {
    const callbacks = new Set<() => void>();
    const cancel = clock.after(ms, () => {
      timers.delete(dueMs);
      for (const callback of callbacks) callback();
    });
    const timer = { callbacks, cancel };
    timers.set(dueMs, timer);
    return timer;
  };
  return {
    now: () => clock.now(),
    after(ms, callback) {
      const dueMs = clock.now() + ms;
      const timer = timers.get(dueMs) ?? start(dueMs, ms);
      timer.callbacks.add(callback);
      return () => {
        timer.callbacks.delete(callback);
        if (timer.callbacks.size > 0 || timers.get(dueMs) !== timer) return;
        timers.delete(dueMs);
        timer.cancel();
      };
    },
  };
}
