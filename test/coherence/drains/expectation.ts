export const DRAIN_LEASE_MS = 10_000;

/** What Redis should know of drains, by its own clock; each call is one of a script. */
export interface Expectation {
  /** True if a read is told that a drain is due. It has the lease then, under this name. */
  take(nowMs: number, isFull: boolean, owner: string): boolean;
  /** A drain has ended well. */
  note(nowMs: number, isFull: boolean, owner: string | null, agoMs: number): void;
  forget(what: DrainKey): void;
  /** Somebody else's value, which does not expire. */
  spoil(what: DrainKey): void;
}

export type DrainKey = 'drained' | 'draining';

interface Lease {
  readonly owner: string;
  readonly untilMs: number;
}

export function makeExpectation(everyMs: number): Expectation {
  let drainedMs: number | null = null;
  let lease: Lease | null = null;
  const expire = (nowMs: number): void => {
    if (lease && lease.untilMs <= nowMs) lease = null;
  };
  const drainedBy = (nowMs: number): number | null =>
    drainedMs !== null && drainedMs <= nowMs ? drainedMs : null;

  return {
    take(nowMs, isFull, owner) {
      expire(nowMs);
      const lastMs = drainedBy(nowMs);
      if (isFull || (lastMs !== null && nowMs - lastMs < everyMs)) return false;
      // A lease that lasts for longer than any is given is not believed.
      if (lease && lease.untilMs - nowMs <= DRAIN_LEASE_MS) return false;
      lease = { owner, untilMs: nowMs + DRAIN_LEASE_MS };
      return true;
    },
    note(nowMs, isFull, owner, agoMs) {
      expire(nowMs);
      if (owner !== null && lease?.owner !== owner) return;
      const beganMs = nowMs - agoMs;
      const isNews = beganMs > (drainedBy(nowMs) ?? -1);
      if (isNews && isFull) return;
      if (isNews) drainedMs = beganMs;
      if (owner !== null) lease = null;
    },
    forget(what) {
      if (what === 'drained') drainedMs = null;
      else lease = null;
    },
    spoil(what) {
      if (what === 'drained') drainedMs = null;
      else lease = { owner: 'somebody else', untilMs: Infinity };
    },
  };
}
