/** An event with the time at which it is due. */
export interface Event {
  readonly dueMs: number;
  /** Undefined once the event is cancelled. */
  callback: (() => unknown) | undefined;
  /** The callback of this event settles no promise. */
  readonly isQuiet: boolean;
}

export interface EventQueue {
  add(dueMs: number, callback: () => unknown, isQuiet?: boolean): Event;
  /** The time of the earliest event; infinite when the queue is empty. */
  nextDueMs(): number;
  /**
   * Removes the earliest event and returns it. Events with the same time come in the order in which they were added.
   */
  take(): Event | undefined;
}

interface Queued extends Event {
  readonly number: number;
}

/** A binary heap. Cancelled events stay until they are due: most timers are deadlines that never strike. */
export function makeEventQueue(): EventQueue {
  const heap: Queued[] = [];
  let count = 0;

  const at = (index: number): Queued => heap[index] as Queued;

  const rise = (event: Queued): void => {
    let index = heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(event, at(parent))) break;
      heap[index] = at(parent);
      index = parent;
    }
    heap[index] = event;
  };

  const sink = (event: Queued): void => {
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(at(child + 1), at(child))) child += 1;
      if (!isBefore(at(child), event)) break;
      heap[index] = at(child);
      index = child;
    }
    heap[index] = event;
  };

  return {
    add(dueMs, callback, isQuiet = false) {
      const event: Queued = { dueMs, callback, isQuiet, number: count++ };
      heap.push(event);
      rise(event);
      return event;
    },
    nextDueMs: () => heap[0]?.dueMs ?? Infinity,
    take() {
      const [first] = heap;
      const last = heap.pop();
      if (last && heap.length > 0) sink(last);
      return first;
    },
  };
}

function isBefore(a: Queued, b: Queued): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.number < b.number);
}
