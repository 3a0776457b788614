/** The tag that every answer depends on. */
export const EVERYTHING = 'everything';

/** The tags that this isolate has invalidated itself, for as long as a memory entry can live. */
export interface Invalidations {
  /** The next position in this isolate's order of reads and invalidations. */
  nextOrder(): number;
  /** The position of the latest invalidation; 0 before the first. */
  last(): number;
  add(tags: readonly string[], nowMs: number): void;
  /** The first of the tags that was invalidated after the position, if any. */
  findHitSince(order: number, tags: readonly string[]): string | undefined;
}

/** `everything` takes the place of more tags than this. That is cheaper, and as correct. */
const MAX_REMEMBERED_TAGS = 10_000;

/**
 * Remembers tags for twice `ttlMs`. By then every entry that they end has expired, even if the clock of the request that
 * invalidated was behind the clock of the request that read the entry.
 */
export function makeInvalidations(ttlMs: number): Invalidations {
  const remembered = new Map<string, { order: number; atMs: number }>();
  let order = 0;
  let last = 0;

  const forgetOld = (nowMs: number): void => {
    for (const [tag, { atMs }] of remembered) if (nowMs > atMs + 2 * ttlMs) remembered.delete(tag);
  };

  return {
    nextOrder: () => ++order,
    last: () => last,
    add(tags, nowMs) {
      forgetOld(nowMs);
      const isTooMany = remembered.size + tags.length > MAX_REMEMBERED_TAGS;
      if (isTooMany) remembered.clear();
      last = ++order;
      for (const tag of isTooMany ? [EVERYTHING] : tags) remembered.set(tag, { order, atMs: nowMs });
    },
    findHitSince(since, tags) {
      if (since > last) return undefined;
      return [EVERYTHING, ...tags].find((tag) => (remembered.get(tag)?.order ?? 0) > since);
    },
  };
}
