import type { Cache } from './cache.ts';
import { invalidateOrThrow } from './invalidate.ts';
import { EVERYTHING } from './invalidations.ts';

/** The invalidations that writers left in the origin, in the transactions of their writes. */
export interface Outbox {
  /** At most `limit` rows that are due: never invalidated, or invalidated long enough ago to be confirmed. */
  selectDue(limit: number): Promise<{ rows: readonly OutboxRow[]; snapshot: string }>;
  /** Notes that the rows have been invalidated once. */
  markInvalidated(ids: readonly number[]): Promise<void>;
  /** Notes it for every row that the snapshot shows. */
  markInvalidatedInSnapshot(snapshot: string): Promise<void>;
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

/**
 * Invalidates what the outbox holds. Every row is invalidated twice, some seconds apart, and only then deleted, by its id:
 * a failover of the shared store may have lost the first time. Running twice at once is harmless.
 */
export async function drain(cache: Cache, outbox: Outbox): Promise<Drained> {
  const { rows, snapshot } = await outbox.selectDue(MAX_ROWS + 1);
  if (rows.length === 0) return { rows: 0, tags: 0, everything: false };
  const everything = rows.length > MAX_ROWS;
  const named = new Set(everything ? [EVERYTHING] : rows.flatMap((row) => row.tags));
  const tags = named.has(EVERYTHING) || named.size > MAX_TAGS ? [EVERYTHING] : [...named];
  await invalidateOrThrow(cache, tags);
  const [fresh, confirmed] = [rows.filter(isFresh), rows.filter((row) => !isFresh(row))];
  if (confirmed.length > 0) await outbox.delete(confirmed.map(({ id }) => id));
  if (everything) await outbox.markInvalidatedInSnapshot(snapshot);
  else if (fresh.length > 0) await outbox.markInvalidated(fresh.map(({ id }) => id));
  return { rows: rows.length, tags: tags.length, everything };
}

function isFresh(row: OutboxRow): boolean {
  return row.invalidatedAgoMs === null;
}
