/** Opened by the test: what waits on it goes on then. */
export interface Gate {
  open(): void;
  readonly opened: Promise<void>;
}

/** The length of a step in ms of virtual time, or a gate that ends it when it opens. */
export type Delay = number | Gate;

/** Virtual time: it moves only when told, and whatever falls due on the way happens in order. */
export interface Timeline {
  now(): number;
  /** Calls back after the delay; returns what cancels it. */
  after(delay: Delay, callback: () => unknown): () => void;
  /** Moves on, and settles whatever that sets off. */
  advance(ms: number): Promise<void>;
}

/** The start of every timeline, in ms since 1970. */
export const START_MS = 1_800_000_000_000;

interface Event {
  readonly dueMs: number;
  readonly callback: () => unknown;
}

export function makeGate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, opened: promise };
}

export function makeTimeline(): Timeline {
  let nowMs = START_MS;
  const events = new Set<Event>();

  const nextDue = (untilMs: number): Event | undefined => {
    let next: Event | undefined;
    for (const event of events)
      if (event.dueMs <= untilMs && (!next || event.dueMs < next.dueMs)) next = event;
    return next;
  };

  const afterMs = (ms: number, callback: () => unknown): (() => void) => {
    const event = { dueMs: nowMs + ms, callback };
    events.add(event);
    return () => events.delete(event);
  };

  const afterGate = (gate: Gate, callback: () => unknown): (() => void) => {
    let isCancelled = false;
    void gate.opened.then(() => isCancelled || afterMs(0, callback));
    return () => void (isCancelled = true);
  };

  return {
    now: () => nowMs,
    after: (delay, callback) =>
      typeof delay === 'number' ? afterMs(delay, callback) : afterGate(delay, callback),
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let event = nextDue(untilMs); event; event = nextDue(untilMs)) {
        nowMs = Math.max(nowMs, event.dueMs);
        events.delete(event);
        await event.callback();
        await settle();
      }
      nowMs = untilMs;
    },
  };
}

// One turn of the event loop empties the queue of microtasks, however long the chains of awaits are.
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
