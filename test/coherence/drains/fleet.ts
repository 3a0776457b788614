import { randomUUID } from 'node:crypto';
import type { Cache } from '../../../src/cache/cache.ts';
import { makeCounts } from '../../../src/cache/counts/counts.ts';
import type { Outbox } from '../../../src/cache/drain.ts';
import { makeSeal } from '../../../src/cache/shared/seal.ts';
import type { CodeUnderTest } from '../code-under-test.ts';
import type { Engine } from '../engine.ts';
import { makeTimeline } from '../timeline.ts';
import { makeVirtualRedis } from '../virtual-redis.ts';
import { type DrainKey, makeExpectation } from './expectation.ts';

/** The course of a drain: a dead one ends its life without a word. */
export interface Course {
  readonly takesMs: number;
  readonly end: 'done' | 'failed' | 'dead';
}

export type Step =
  | { readonly act: 'wait'; readonly ms: number }
  | { readonly act: 'read' | 'poll' | 'cron'; readonly course: Course }
  | { readonly act: 'lose' | 'spoil'; readonly key: DrainKey }
  | { readonly act: 'step the clock'; readonly ms: number }
  | { readonly act: 'fill' | 'make room' };

export const EVERY_MS = 2_500;
const SETTINGS = {
  freshMs: 1,
  staleMs: 1,
  absentFreshMs: 1,
  redisDeadlineMs: 250,
  originDeadlineMs: 5_000,
};

/**
 * Runs the steps on a fleet in virtual time; every request is of an isolate of its own. Throws as soon as a read is told of a drain
 * that is not due, or is not told of one that is. Answers the times at which reads were told.
 */
export async function runFleet(
  engine: Engine,
  code: CodeUnderTest,
  steps: readonly Step[],
): Promise<number[]> {
  const databaseId = `drains-${randomUUID()}`;
  const timeline = makeTimeline();
  const redis = makeVirtualRedis(engine, `ea:{${databaseId}}:`, timeline.now);
  const expected = makeExpectation(EVERY_MS);
  const toldAtMs: number[] = [];
  let offsetMs = 0;
  const redisNow = (): number => timeline.now() + offsetMs;
  const isFull = (): boolean => redis.state === 'full';

  const startRequest = (onDue: (lease: string) => void): Cache => ({
    memory: code.makeMemory({ maxBytes: 2 ** 20, ttlMs: 0 }),
    inFlight: new Map(),
    breaker: code.makeBreaker({ failures: 5, coolDownMs: 1_000 }),
    originBreaker: code.makeBreaker({ failures: 5, coolDownMs: 1_000 }),
    seal: makeSeal('a secret', 'the fleet'),
    counts: makeCounts(),
    shared: code.makeSharedStore(
      async (script, keys, args) => (await redis.run(script.text, keys, args)).reply,
      { databaseId, variant: 'v', leaseMs: 2_000, drains: { everyMs: EVERY_MS, onDue } },
      timeline,
    ),
    origin: { probe: async () => {}, isAway: () => true },
    settings: SETTINGS,
    clock: timeline,
    log: { info() {}, warn() {}, error() {} },
    waitUntil: (promise) => void promise,
  });
  const startDrain = (cache: Cache, { takesMs, end }: Course, lease: string | null): void => {
    void code.drainAndNote(cache, outboxOf(timeline.after, takesMs, end), lease);
    const noteEnd = () => end === 'done' && expected.note(redisNow(), isFull(), lease, takesMs);
    timeline.after(takesMs, noteEnd);
  };
  const ask = async (act: 'read' | 'poll', course: Course): Promise<void> => {
    const leases: string[] = [];
    const cache = startRequest((lease) => leases.push(lease));
    if (act === 'poll') await cache.shared.follow();
    else await cache.shared.read('key', 'owner', 'any', null);
    const [lease] = leases;
    const isDue = expected.take(redisNow(), isFull(), lease ?? '');
    if (isDue !== (lease !== undefined)) throw new Error(isDue ? 'a drain was due' : 'no drain was due');
    if (lease === undefined) return;
    toldAtMs.push(timeline.now());
    startDrain(cache, course, lease);
  };
  const take = async (step: Step): Promise<void> => {
    if (step.act === 'wait') await timeline.advance(step.ms);
    else if (step.act === 'read' || step.act === 'poll') await ask(step.act, step.course);
    else if (step.act === 'cron')
      startDrain(
        startRequest(() => {}),
        step.course,
        null,
      );
    else if (step.act === 'step the clock') {
      redis.stepClock(step.ms);
      offsetMs += step.ms;
    } else if (step.act === 'lose') {
      await redis.lose(step.key);
      expected.forget(step.key);
    } else if (step.act === 'spoil') {
      await redis.corrupt(step.key, 'garbage');
      expected.spoil(step.key);
    } else redis.state = step.act === 'fill' ? 'full' : 'up';
    await timeline.advance(0);
  };

  for (const step of steps) await take(step);
  await redis.flush();
  return toldAtMs;
}

/** An empty outbox, which is all that the time of a drain depends on. */
function outboxOf(
  after: (ms: number, callback: () => void) => void,
  takesMs: number,
  end: Course['end'],
): Outbox {
  const never = async () => {
    throw new Error('an empty outbox is not written to');
  };
  return {
    selectDue: () =>
      new Promise((resolve, reject) => {
        if (end === 'done') after(takesMs, () => resolve([]));
        if (end === 'failed') after(takesMs, () => reject(new Error('Postgres is away')));
      }),
    collapse: never,
    markInvalidated: never,
    delete: never,
  };
}
