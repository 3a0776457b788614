import type { Cache } from './cache.ts';
import { askShared } from './shared/guarded-store.ts';

/** A million keys, and a tenth of the requests that one invocation may make. */
const MAX_CALLS = 100;

/**
 * Deletes every entry with one of the tags from the shared store and from this isolate's memory. The tags were invalidated before, so
 * that no load under way brings an entry back. `spent` are those of them on which nothing else depends any more: their names go, too. Answers
 * whether the shared store has confirmed all of it. Never throws.
 */
export async function forget(
  cache: Cache,
  tags: readonly string[],
  spent: readonly string[],
): Promise<boolean> {
  cache.memory.sweep();
  let place = '0';
  for (let calls = 0; calls < MAX_CALLS; calls++) {
    const at = place;
    const { reply } = await askShared(cache, 'forget', (shared) => shared.forget(tags, spent, at));
    if (reply === null) return false;
    if (reply === '0') return true;
    place = reply;
  }
  return false;
}
