import { describeError } from '../lib/log.ts';
import type { Cache } from './cache.ts';
import { invalidateOrThrow } from './invalidate.ts';
import { EVERYTHING } from './invalidations.ts';
import { LONGEST_LIFE_MS } from './shared/shared-store.ts';

/** The invalidations that writers left in the origin, in the transactions of their writes. */
export interface Outbox {
  /**
   * Rows that are due: never invalidated, or invalidated long enough ago to be confirmed. At most `limit`, or more where they
   * have fewer different tags than that.
   */
  selectDue(limit: number): Promise<readonly OutboxRow[]>;
  /** Replaces at most `limit` of them by one that says `everything`, in one transaction; answers how many. */
  collapse(limit: number): Promise<number>;
  /** Notes that the rows have been invalidated once, by their tags or by `everything`, which they say from then on. */
  markInvalidated(ids: readonly number[], byEverything?: boolean): Promise<void>;
  delete(ids: readonly number[]): Promise<void>;
}

export interface OutboxRow {
  readonly id: number;
  readonly tags: readonly string[];
  /** Null: never. Otherwise this time is the confirmation, after which the row may go. */
  readonly invalidatedAgoMs: number | null;
  /** Ids of other rows of which the same is so. */
  readonly further?: readonly number[];
}

export interface Drained {
  readonly rows: number;
  readonly tags: number;
  readonly everything: boolean;
}

/** Beyond this many due rows, of more tags than this, one invalidation of everything is cheaper than theirs. */
const MAX_ROWS = 10_000;
/** Beyond this many, whatever their tags: the outbox may hold more than a drain looks at. */
const MAX_REPEATED_ROWS = 5 * MAX_ROWS;
/** The same for tags: each thousand is a subrequest, of which an invocation has a thousand at most. */
const MAX_TAGS = 20_000;
/** Rows that the origin replaces well within its deadline, and how often one drain asks it to. */
const COLLAPSE_ROWS = 100_000;
const MAX_COLLAPSES = 50;

/**
 * Invalidates what the outbox holds. Every row is invalidated twice, some seconds apart, and only then deleted, by its id:
 * a failover of the shared store may have lost the first time. Where it has, it may have lost more: then nothing that is stored
 * is valid any more. Running twice at once is harmless. A backlog shrinks to one
 * row before the shared store is asked, so that the outbox is bounded however long that is away.
 */
export async function drain(cache: Cache, outbox: Outbox): Promise<Drained> {
  const due = await outbox.selectDue(MAX_ROWS + 1);
  const collapsed = isBacklog(due) ? await shrink(cache, outbox) : 0;
  const rows = collapsed > 0 ? await outbox.selectDue(MAX_ROWS) : due;
  if (rows.length === 0) return { rows: collapsed, tags: 0, everything: false };
  const named = new Set(rows.flatMap((row) => row.tags));
  const isReadable = areTags(cache, named);
  const everything = collapsed > 0 || !isReadable || named.has(EVERYTHING) || named.size > MAX_TAGS;
  const tags = everything ? [EVERYTHING] : [...named];
  const [fresh, confirmed] = [rows.filter(isFresh), rows.filter((row) => !isFresh(row))];
  const time = await invalidateOrThrow(cache, tags, isReadable ? expectedOf(confirmed) : []);
  if (confirmed.length > 0) await outbox.delete(idsOf(confirmed));
  // A full Redis has dropped every entry, but keeps no tag that the second pass could find.
  if (fresh.length > 0 && time) await outbox.markInvalidated(idsOf(fresh), everything);
  return { rows: Math.max(collapsed, idsOf(rows).length), tags: tags.length, everything };
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

// What is no tag was meant to be one.
function areTags({ origin: { isTag } }: Cache, named: ReadonlySet<string>): boolean {
  return isTag === undefined || [...named].every(isTag);
}

// Tags outlive every entry, but not the longest outage.
function expectedOf(confirmed: readonly OutboxRow[]): string[] {
  const lately = confirmed.filter(({ invalidatedAgoMs }) => (invalidatedAgoMs ?? 0) < LONGEST_LIFE_MS);
  return [...new Set(lately.flatMap(({ tags }) => tags))];
}

// Different tags are what an invalidation costs: a row that is written all the time leaves many rows and few of them.
function isBacklog(due: readonly OutboxRow[]): boolean {
  if (idsOf(due).length > MAX_REPEATED_ROWS) return true;
  return due.length > MAX_ROWS && new Set(due.flatMap(({ tags }) => tags)).size > MAX_ROWS;
}

function idsOf(rows: readonly OutboxRow[]): number[] {
  return rows.flatMap(({ id, further = [] }) => [id, ...further]);
}
