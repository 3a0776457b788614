import type { Clock } from '../../src/cache/clock.ts';
import { makeEventQueue } from './event-queue.ts';

/** Time that moves from event to event. Promises settle between two events. */
export interface VirtualTime {
  readonly clock: Clock;
  /**
   * Calls back after so many ms. Time does not wait for promises after this callback: it may start events but must
   * settle no promise.
   */
  quietly(ms: number, callback: () => void): void;
  /** Moves on to that time. Events that fall due on the way happen in order. */
  advanceTo(ms: number): Promise<void>;
  /** Lets every promise settle that can settle without a move of time. */
  settle(): Promise<void>;
}

/**
 * The time at which every run begins, in ms since 1970. It lies in the present, because logical times are µs of that
 * count.
 */
const START_MS = 1_800_000_000_000;

export function makeVirtualTime(): VirtualTime {
  const queue = makeEventQueue();
  let nowMs = START_MS;

  const runNext = (): boolean => {
    const event = queue.take();
    if (!event?.callback) return false;
    nowMs = event.dueMs;
    event.callback();
    return !event.isQuiet;
  };

  return {
    clock: {
      now: () => nowMs,
      after(ms, callback) {
        const event = queue.add(nowMs + ms, callback);
        return () => void (event.callback = undefined);
      },
    },
    quietly: (ms, callback) => void queue.add(nowMs + ms, callback, true),
    async advanceTo(ms) {
      while (queue.nextDueMs() <= ms) if (runNext()) await settle();
      nowMs = ms;
    },
    settle,
  };
}

// One turn of the event loop empties the queue of microtasks, whatever the length of the chains of awaits.
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
