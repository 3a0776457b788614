import { describeError } from '../lib/log.ts';
import type { Cache } from './cache.ts';
import { withDeadline } from './clock.ts';
import { EVERYTHING } from './invalidations.ts';
import type { LogicalTime, Token } from './logical-time.ts';

/** One script call stays well below the engines' limits on arguments and run time. */
const TAGS_PER_CALL = 1_000;

/**
 * Makes every answer that depends on one of the tags unusable, after the write that changed them has committed.
 * Answers the token for reads that must see the write; never throws: what fails here the outbox makes up for.
 */
export async function invalidate(cache: Cache, tags: readonly string[]): Promise<Token> {
  const { isTag } = cache.origin;
  if (isTag && !tags.every(isTag)) return invalidateBlindly(cache);
  try {
    const time = await invalidateOrThrow(cache, tags);
    return time ?? { unsharedSinceMs: cache.clock.now() };
  } catch (error) {
    cache.log.warn('invalidation_failed', { tags: tags.length, error: describeError(error) });
    // One more attempt behind the answer: a passing fault should not keep the write hidden until the drain.
    cache.waitUntil(invalidateOrThrow(cache, tags).catch(() => {}));
    return { unsharedSinceMs: cache.clock.now() };
  }
}

/**
 * After a write that may have changed anything, for what it changed cannot be read. As an invalidation that fails it answers
 * the token of Postgres: the answer does not wait until everything is invalid.
 */
export function invalidateBlindly(cache: Cache): Token {
  const nowMs = cache.clock.now();
  cache.log.warn('invalidation_failed', { tags: 0, error: 'the tags cannot be read' });
  // At once, for the next read of this isolate may be answered before the shared store is told.
  cache.memory.invalidations.add([EVERYTHING], nowMs);
  cache.waitUntil(invalidateOrThrow(cache, [EVERYTHING]).catch(() => {}));
  return { unsharedSinceMs: nowMs };
}

/**
 * As `invalidate`, but rejects when the shared store does not confirm; null when Redis was full and dropped everything. Of the
 * expected tags, which were invalidated before, a thousand are looked for.
 */
export async function invalidateOrThrow(
  cache: Cache,
  tags: readonly string[],
  expected: readonly string[] = [],
): Promise<LogicalTime | null> {
  try {
    let latest: LogicalTime | null = null;
    for (let at = 0; at < tags.length; at += TAGS_PER_CALL) {
      // Before the first is told, for that may be one of them.
      const lookedFor = at === 0 ? expected.slice(0, TAGS_PER_CALL) : [];
      latest = await invalidateShared(cache, tags.slice(at, at + TAGS_PER_CALL), lookedFor);
    }
    return latest;
  } finally {
    cache.memory.invalidations.add(tags, cache.clock.now());
  }
}

// Asked even while the breaker is open: a write that cannot be told now stays hidden until the next drain.
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
