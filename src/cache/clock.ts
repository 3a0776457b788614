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
