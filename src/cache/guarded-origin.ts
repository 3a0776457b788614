import { describeError } from '../lib/log.ts';
import type { Cache } from './cache.ts';
import { DeadlineExceeded, withDeadline } from './clock.ts';

/** Asks the origin within the deadline. Answers null at once while the breaker is open. */
export async function askOrigin<T>(
  cache: Cache,
  deadlineMs: number,
  ask: () => Promise<T>,
): Promise<T | null> {
  const state = cache.originBreaker.next(cache.clock.now());
  if (state === 'closed') return tryOrigin(cache, deadlineMs, ask);
  if (state === 'probe') cache.waitUntil(probeOrigin(cache));
  return null;
}

async function tryOrigin<T>(cache: Cache, deadlineMs: number, ask: () => Promise<T>): Promise<T> {
  const { clock, origin, originBreaker, settings } = cache;
  const sentAtMs = clock.now();
  try {
    const answer = await withDeadline(clock, deadlineMs, ask());
    originBreaker.succeeded(sentAtMs);
    return answer;
  } catch (error) {
    // One unreadable row does not mean that the origin is away. Nor does a timeout of which other tiers used up the most.
    const isAway =
      error instanceof DeadlineExceeded ? deadlineMs >= settings.originDeadlineMs / 2 : origin.isAway(error);
    if (isAway) originBreaker.failed(sentAtMs, clock.now());
    throw error;
  }
}

async function probeOrigin(cache: Cache): Promise<void> {
  const { log, origin, settings } = cache;
  await tryOrigin(cache, settings.originDeadlineMs, () => origin.probe()).catch((error: unknown) => {
    log.error('origin_failed', { lookUp: 'probe', error: describeError(error) });
  });
}
