import { describeError } from '../lib/log.ts';
import type { Cache } from './cache.ts';
import { withDeadline } from './clock.ts';
import { EVERYTHING } from './memory/invalidations.ts';
import type { LogicalTime, Token } from './logical-time.ts';

/** One script call stays well below the engines' limits on arguments and run time. */
const TAGS_PER_CALL = 1_000;

/**
 * Makes every answer that depends on one of the tags unusable. Call it after the write that changed them has committed. Answers
 * the token for reads that must see the write. Never throws: the outbox repeats an invalidation that fails here.
 */
export async function invalidate(cache: Cache, tags: readonly string[]): Promise<Token> {
  const { isTag } = cache.origin;
  if (isTag && !tags.every(isTag)) return invalidateBlindly(cache);
  try {
    const time = await invalidateOrThrow(cache, tags);
    return time ?? { unsharedSinceMs: cache.clock.now() };
  } catch (error) {
    cache.log.warn('invalidation_failed', { tags: tags.length, error: describeError(error) });
    // The invalidation is tried once more after the answer. A short fault should not hide the write until the next drain.
    cache.waitUntil(invalidateOrThrow(cache, tags).catch(() => {}));
    return { unsharedSinceMs: cache.clock.now() };
  }
}

/**
 * Invalidates everything after a write whose tags cannot be read. Answers a token of the wall time, as for an invalidation that
 * failed, so that the write does not wait until everything is invalid.
 */
export function invalidateBlindly(cache: Cache): Token {
  const nowMs = cache.clock.now();
  cache.log.warn('invalidation_failed', { tags: 0, error: 'the tags cannot be read' });
  // Memory is told at once, since it may answer the next read of this isolate before the shared store is told.
  cache.memory.invalidations.add([EVERYTHING], nowMs);
  cache.waitUntil(invalidateOrThrow(cache, [EVERYTHING]).catch(() => {}));
  return { unsharedSinceMs: nowMs };
}

/**
 * Invalidates the tags and rejects if the shared store does not confirm. Answers null if Redis was full and dropped everything.
 * The expected tags were invalidated before: the store looks for the first thousand of them, and a missing one is a loss.
 */
export async function invalidateOrThrow(
  cache: Cache,
  tags: readonly string[],
  expected: readonly string[] = [],
): Promise<LogicalTime | null> {
  try {
    let latest: LogicalTime | null = null;
    for (let at = 0; at < tags.length; at += TAGS_PER_CALL) {
      // The store looks for them before it sets the first tags, which may be among them.
      const lookedFor = at === 0 ? expected.slice(0, TAGS_PER_CALL) : [];
      latest = await invalidateShared(cache, tags.slice(at, at + TAGS_PER_CALL), lookedFor);
    }
    return latest;
  } finally {
    cache.memory.invalidations.add(tags, cache.clock.now());
  }
}

// The store is asked even while the breaker is open. A write that it is not told of stays hidden until the next drain.
async function invalidateShared(
  cache: Cache,
  tags: readonly string[],
  expected: readonly string[],
): Promise<LogicalTime | null> {
  const { breaker, clock, settings, shared } = cache;
  const sentAtMs = clock.now();
  try {
    const time = await withDeadline(clock, settings.redisDeadlineMs, shared.invalidate(tags, expected));
    breaker.succeeded(sentAtMs);
    return time;
  } catch (error) {
    breaker.failed(sentAtMs, clock.now());
    throw error;
  }
}
