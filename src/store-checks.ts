import { type Clock, DeadlineExceeded, withDeadline } from './cache/clock.ts';

/** Whether a store answered, and how long that took, in ms. */
export interface Probe {
  readonly state: 'ok' | 'failed' | 'timeout';
  readonly ms: number;
}

/** Waits for the answer, within the deadline; never throws. */
export async function probe(clock: Clock, deadlineMs: number, answer: Promise<unknown>): Promise<Probe> {
  const startedMs = clock.now();
  const state = await withDeadline(clock, deadlineMs, answer).then(
    () => 'ok' as const,
    (error: unknown) => (error instanceof DeadlineExceeded ? ('timeout' as const) : ('failed' as const)),
  );
  return { state, ms: clock.now() - startedMs };
}
