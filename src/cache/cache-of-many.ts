import { withoutRepeats } from '../lib/log.ts';
import { countedTogether } from './breaker.ts';
import type { Cache } from './cache.ts';
import { withSharedTimers } from './clock.ts';

/**
 * The cache for a request with many look-ups that begin in one turn. Each is a read of its own as ever; what they ask of the
 * shared store travels together, again after a wait too, and a call that fails is one failure and one line in the log.
 */
export function makeCacheOfMany(cache: Cache): Cache {
  return {
    ...cache,
    clock: withSharedTimers(cache.clock),
    breaker: countedTogether(cache.breaker),
    originBreaker: countedTogether(cache.originBreaker),
    log: withoutRepeats(cache.log),
  };
}
