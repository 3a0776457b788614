import { describeError } from '../../lib/log.ts';
import type { Cache } from '../cache.ts';
import type { TierDetail } from '../look-up.ts';
import { DeadlineExceeded, withDeadline } from '../clock.ts';
import type { SharedStore } from './shared-store.ts';

export type Asked<T> = { readonly reply: T } | { readonly reply: null; readonly failure: TierDetail };

/** Asks the shared store within its deadline. Never rejects: an error, a timeout and a bad reply are all answered as a failure. */
export async function askShared<T>(
  cache: Cache,
  operation: string,
  ask: (shared: SharedStore) => Promise<T>,
): Promise<Asked<T>> {
  const state = cache.breaker.next(cache.clock.now());
  if (state === 'closed') return tryShared(cache, operation, ask);
  if (state === 'probe') cache.waitUntil(tryShared(cache, 'probe', giveBackNoLease));
  return { reply: null, failure: 'breaker-open' };
}

async function tryShared<T>(
  { breaker, clock, log, settings, shared }: Cache,
  operation: string,
  ask: (shared: SharedStore) => Promise<T>,
): Promise<Asked<T>> {
  const sentAtMs = clock.now();
  try {
    const reply = await withDeadline(clock, settings.redisDeadlineMs, ask(shared));
    breaker.succeeded(sentAtMs);
    return { reply };
  } catch (error) {
    breaker.failed(sentAtMs, clock.now());
    log.warn('shared_store_failed', { operation, error: describeError(error) });
    return { reply: null, failure: error instanceof DeadlineExceeded ? 'timeout' : 'unavailable' };
  }
}

// The probe runs a script, because scripts must work again, and this one finds nothing to change.
function giveBackNoLease(shared: SharedStore): Promise<unknown> {
  return shared.release('probe', 'nobody');
}
