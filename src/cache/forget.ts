import type { Cache } from './cache.ts';
import { askShared } from './shared/guarded-store.ts';

/** Two walks of 150,000 keys, and a third of the requests that one invocation may make. */
const MAX_CALLS = 300;
const START = '0';

/**
 * Deletes every entry with one of the tags from the shared store and from this isolate's memory. The tags were invalidated before, so
 * that no load under way brings an entry back. `spent` are those on which nothing else depends any more: their names go, too. Answers
 * whether the shared store has confirmed all of it. Never throws.
 */
export async function forget(
  cache: Cache,
  tags: readonly string[],
  spent: readonly string[],
): Promise<boolean> {
  cache.memory.sweep();
  let walk = { place: START, calls: 0, deleted: 0 };
  for (let calls = 0; calls < MAX_CALLS; calls++) {
    const { place } = walk;
    const { reply } = await askShared(cache, 'forget', (shared) => shared.forget(tags, spent, place));
    if (reply === null) return false;
    walk = { place: reply.next, calls: walk.calls + 1, deleted: walk.deleted + reply.deleted };
    if (reply.next !== START) continue;
    // Not every Redis finds all keys in a walk of several calls between which keys are deleted.
    if (walk.calls === 1 || walk.deleted === 0) return true;
    walk = { place: START, calls: 0, deleted: 0 };
  }
  return false;
}
