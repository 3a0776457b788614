import { describeError } from '../log.ts';
import type { Cache } from './cache.ts';
import { invalidateOrThrow } from './invalidate.ts';
import { EVERYTHING } from './invalidations.ts';

/** The invalidations that writers left in the origin, in the transactions of their writes. */
export interface Outbox {
  /** At most `limit` rows that are due: never invalidated, or invalidated long enough ago to be confirmed. */
  selectDue(limit: number): Promise<readonly OutboxRow[]>;
  /** Replaces at most `limit` of them by one that says `everything`, in one transaction; answers how many. */
  collapse(limit: number): Promise<number>;
  /** Notes that the rows have been invalidated once. */
  markInvalidated(ids: readonly number[]): Promise<void>;
  delete(ids: readonly number[]): Promise<void>;
}

export interface OutboxRow {
  readonly id: number;
  readonly tags: readonly string[];
  /** Null: never. Otherwise this time is the confirmation, after which the row may go. */
  readonly invalidatedAgoMs: number | null;
}

export interface Drained {
  readonly rows: number;
  readonly tags: number;
  readonly everything: boolean;
}

/** Beyond this many due rows, one invalidation of everything is cheaper than theirs. */
const MAX_ROWS = 10_000;
/** The same for tags: each thousand is a subrequest, of which an invocation has a thousand at most. */
const MAX_TAGS = 20_000;
/** Rows that the origin replaces well within its deadline, and how often one drain asks it to. */
const COLLAPSE_ROWS = 100_000;
const MAX_COLLAPSES = 50;

/**
 * Invalidates what the outbox holds. Every row is invalidated twice, some seconds apart, and only then deleted, by its id:
 * a failover of the shared store may have lost the first time. Running twice at once is harmless. A backlog shrinks to one
 * row before the shared store is asked, so that the outbox is bounded however long that is away.
 */
export async function drain(cache: Cache, outbox: Outbox): Promise<Drained> {
  const due = await outbox.selectDue(MAX_ROWS + 1);
  const collapsed = due.length > MAX_ROWS ? await shrink(cache, outbox) : 0;
  const rows = collapsed > 0 ? await outbox.selectDue(MAX_ROWS) : due;
  if (rows.length === 0) return { rows: collapsed, tags: 0, everything: false };
  const named = new Set(rows.flatMap((row) => row.tags));
  const { isTag } = cache.origin;
  // What is no tag was meant to be one.
  const isUnreadable = isTag !== undefined && ![...named].every(isTag);
  const everything = collapsed > 0 || isUnreadable || named.has(EVERYTHING) || named.size > MAX_TAGS;
  const tags = everything ? [EVERYTHING] : [...named];
  await invalidateOrThrow(cache, tags);
  const [fresh, confirmed] = [rows.filter(isFresh), rows.filter((row) => !isFresh(row))];
  if (confirmed.length > 0) await outbox.delete(confirmed.map(({ id }) => id));
  if (fresh.length > 0) await outbox.markInvalidated(fresh.map(({ id }) => id));
  return { rows: Math.max(collapsed, rows.length), tags: tags.length, everything };
}

// Told first: readers must not wait for the outbox to shrink, nor for what keeps it from shrinking.
async function shrink(cache: Cache, outbox: Outbox): Promise<number> {
  await invalidateOrThrow(cache, [EVERYTHING]).catch((error: unknown) => {
    cache.log.warn('invalidation_failed', { tags: 1, error: describeError(error) });
  });
  let all = 0;
  for (let round = 0; round < MAX_COLLAPSES; round++) {
    const some = await outbox.collapse(COLLAPSE_ROWS);
    all += some;
    if (some < COLLAPSE_ROWS) break;
  }
  return all;
}

function isFresh(row: OutboxRow): boolean {
  return row.invalidatedAgoMs === null;
}
