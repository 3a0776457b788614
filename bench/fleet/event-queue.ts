/** Something that falls due. */
export interface Event {
  readonly dueMs: number;
  /** Undefined once it is cancelled. */
  callback: (() => unknown) | undefined;
  /** Its callback settles no promise. */
  readonly isQuiet: boolean;
}

export interface EventQueue {
  add(dueMs: number, callback: () => unknown, isQuiet?: boolean): Event;
  /** When the earliest event is due; infinite when there is none. */
  nextDueMs(): number;
  /** Takes the earliest out; of those due together, the one that was added first. */
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
