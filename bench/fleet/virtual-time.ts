import type { Clock } from '../../src/cache/clock.ts';
import { makeEventQueue } from './event-queue.ts';

/** Time that moves from event to event; between two, promises settle. */
export interface VirtualTime {
  readonly clock: Clock;
  /** Calls back after so many ms. Nothing is awaited behind it: it may start events but must settle no promise. */
  quietly(ms: number, callback: () => void): void;
  /** Moves on to that time, whatever falls due on the way happening in order. */
  advanceTo(ms: number): Promise<void>;
  /** Lets every promise settle that can without time moving on. */
  settle(): Promise<void>;
}

/** When every run begins, in ms since 1970: the present day, as logical times are in µs of it. */
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

// One turn of the event loop empties the queue of microtasks, however long the chains of awaits are.
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
