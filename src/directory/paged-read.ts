import type { ReadDemands } from '../cache/look-up.ts';
import type { Position } from '../db/reads/lists.ts';
import type { Deps } from './deps.ts';
import { readOrigin } from './uncached-read.ts';

/** A page of a list that is ordered by more than ids. */
export interface Listed<T> {
  readonly items: readonly T[];
  /** Of the last item; null on the last page. */
  readonly next: Position | null;
}

/**
 * Reads a page of what has no end of dependencies: any row may come into it, and no set of tags names those that are not
 * there yet. So nothing keeps it, and Postgres, the primary, answers every time: as fresh as any token asks.
 * Throws `OriginUnavailable` when it does not.
 */
export function readPage<P extends { readonly limit: number }, Row, T>(
  deps: Deps,
  read: ReadDemands,
  page: P,
  list: {
    readonly select: (page: P) => Promise<readonly Row[]>;
    readonly toItem: (row: Row) => T;
    readonly positionOf: (row: Row) => Position;
  },
): Promise<Listed<T>> {
  return readPastCaches(deps, read, async () => {
    // One more tells whether there is another page.
    const rows = await list.select({ ...page, limit: page.limit + 1 });
    const shown = rows.slice(0, page.limit);
    const last = shown.at(-1);
    const next = last && rows.length > page.limit ? list.positionOf(last) : null;
    return { items: shown.map(list.toItem), next };
  });
}

/** Asks Postgres, and traces what that took as a read of the caches is traced. */
export async function readPastCaches<T>(
  deps: Deps,
  { trace }: ReadDemands,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await readOrigin(deps, ask);
  } finally {
    if (trace && deps.trace) Object.assign(trace, deps.trace);
  }
}
