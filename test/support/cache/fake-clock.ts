import type { Clock } from '../../../src/cache/clock.ts';

export interface FakeClock extends Clock {
  /** Moves time on, calling back whatever falls due on the way, in order. */
  advance(ms: number): Promise<void>;
}

/** Enough turns of the microtask queue for any chain of awaits in the code under test. */
const TURNS = 50;

export async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
}

export function makeFakeClock(startMs = 1_000_000): FakeClock {
  let nowMs = startMs;
  const timers = new Set<{ dueMs: number; callback: () => void }>();

  const nextDue = (untilMs: number) =>
    [...timers].filter(({ dueMs }) => dueMs <= untilMs).toSorted((a, b) => a.dueMs - b.dueMs)[0];

  return {
    now: () => nowMs,
    after(ms, callback) {
      const timer = { dueMs: nowMs + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let timer = nextDue(untilMs); timer; timer = nextDue(untilMs)) {
        nowMs = Math.max(nowMs, timer.dueMs);
        timers.delete(timer);
        timer.callback();
        await settle();
      }
      nowMs = untilMs;
    },
  };
}
