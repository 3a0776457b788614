import type { ReadDemands } from '../cache/look-up.ts';
import type { Position } from '../db/reads/lists.ts';
import type { Deps } from './deps.ts';
import { readOrigin } from './uncached-read.ts';

/** A page of a list that is ordered by more than ids. */
export interface Listed<T> {
  readonly items: readonly T[];
  /** The position of the last item, after which the next page begins; null on the last page. */
  readonly next: Position | null;
}

/**
 * Reads a page of a list that any new row may enter. No set of tags can name rows that are not there yet, so no cache holds the
 * page: Postgres, the primary, answers every time, as fresh as any token demands. Throws `OriginUnavailable`.
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
    // The row beyond the limit tells whether there is another page.
    const rows = await list.select({ ...page, limit: page.limit + 1 });
    const shown = rows.slice(0, page.limit);
    const last = shown.at(-1);
    const next = last && rows.length > page.limit ? list.positionOf(last) : null;
    return { items: shown.map(list.toItem), next };
  });
}

/** Asks Postgres past the caches, and adds the time that it took to the trace of the read. */
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
