import { makeCacheOfMany } from '../../cache/cache-of-many.ts';
import { batchReads } from '../../db/client/batched-reads.ts';
import type { Db } from '../../db/client/client.ts';
import { withoutRepeats } from '../../lib/log.ts';
import type { Deps } from '../deps.ts';

/** The tools of a request with many look-ups, whose questions to each store travel together. */
export function depsOfMany(deps: Deps): Deps {
  const { platform, keyUses, trace } = deps;
  const cache = makeCacheOfMany(deps.cache);
  let db: Db | undefined;
  return {
    cache,
    platform,
    keyUses,
    log: withoutRepeats(deps.log),
    ...(trace && { trace }),
    get db() {
      // Before they issue their statement the loads take some turns of the microtask queue, but no more than those.
      return (db ??= batchReads(deps.db, (flush) => void cache.clock.after(0, flush)));
    },
  };
}
