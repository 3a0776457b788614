import { withoutRepeats } from '../lib/log.ts';
import { countedTogether } from './breaker.ts';
import type { Cache } from './cache.ts';
import { withSharedTimers } from './clock.ts';

/**
 * The cache for a request with many look-ups that begin in one turn. Each look-up is still a read of its own. Their calls of the
 * shared store travel together, also when they are repeated after a wait. A call that fails counts as one failure and is logged
 * in one line.
 */
export function makeCacheOfMany(cache: Cache): Cache {
  const { placed } = cache;
  return {
    ...cache,
    ...(placed && { placed: { ...placed, breaker: countedTogether(placed.breaker) } }),
    clock: withSharedTimers(cache.clock),
    breaker: countedTogether(cache.breaker),
    originBreaker: countedTogether(cache.originBreaker),
    log: withoutRepeats(cache.log),
  };
}
