import { describeError } from '../log.ts';
import type { Cache, TierDetail } from './cache.ts';
import { DeadlineExceeded, withDeadline } from './clock.ts';
import type { SharedStore } from './shared-store.ts';

export type Asked<T> = { readonly reply: T } | { readonly reply: null; readonly failure: TierDetail };

/** Asks the shared store within its deadline; a store that is away, slow or talks nonsense is a failure, never a throw. */
export async function askShared<T>(
  cache: Cache,
  operation: string,
  ask: (shared: SharedStore) => Promise<T>,
): Promise<Asked<T>> {
  const { breaker, clock, settings } = cache;
  if (!breaker.allows(clock.now())) return { reply: null, failure: 'breaker-open' };
  try {
    const reply = await withDeadline(clock, settings.redisDeadlineMs, ask(cache.shared));
    breaker.succeeded();
    return { reply };
  } catch (error) {
    breaker.failed(clock.now());
    cache.log.warn('shared_store_failed', { operation, error: describeError(error) });
    return { reply: null, failure: error instanceof DeadlineExceeded ? 'timeout' : 'unavailable' };
  }
}
