import { describeError } from '../lib/log.ts';
import type { Cache } from './cache.ts';
import { invalidateOrThrow } from './invalidate.ts';
import { EVERYTHING } from './memory/invalidations.ts';
import { LONGEST_LIFE_MS } from './shared/entry-bounds.ts';
import { askShared } from './shared/guarded-store.ts';

/** The invalidations that writers have stored in the origin, in the transactions of their writes. */
export interface Outbox {
  /**
   * Selects the rows that are due: those that were never invalidated, and those whose invalidation is old enough to be confirmed.
   * Answers at most `limit` rows, or more if they have fewer different tags than that.
   */
  selectDue(limit: number): Promise<readonly OutboxRow[]>;
  /** Replaces at most `limit` of them by one row with the tag `everything`, in one transaction. Answers their number. */
  collapse(limit: number): Promise<number>;
  /** Notes that the rows have been invalidated once, by their tags or by `everything`, which replaces their tags then. */
  markInvalidated(ids: readonly number[], byEverything?: boolean): Promise<void>;
  delete(ids: readonly number[]): Promise<void>;
}

export interface OutboxRow {
  readonly id: number;
  readonly tags: readonly string[];
  /** Null before the first invalidation. Afterwards the next one confirms it, and the row may be deleted. */
  readonly invalidatedAgoMs: number | null;
  /** Ids of other rows with the same tags and the same state. */
  readonly further?: readonly number[];
}

export interface Drained {
  readonly rows: number;
  readonly tags: number;
  readonly everything: boolean;
}

/** Invalidating everything once is cheaper than invalidating more due rows than this, if they also have more tags than this. */
const MAX_ROWS = 10_000;
/** The same for rows whose tags repeat. The outbox may hold more rows than a drain looks at. */
const MAX_REPEATED_ROWS = 5 * MAX_ROWS;
/** The same for tags. Each thousand costs a subrequest, and an invocation has a thousand of those at most. */
const MAX_TAGS = 20_000;
/** The origin replaces this many rows well within its deadline. One drain asks it to do so at most `MAX_COLLAPSES` times. */
const COLLAPSE_ROWS = 100_000;
const MAX_COLLAPSES = 50;

/**
 * Invalidates the tags in the outbox. Every row is invalidated twice, some seconds apart, and only then deleted, by its id: a
 * failover of the shared store may have lost the first invalidation. A store that has lost it may have lost others, so no stored
 * entry is valid then. Two drains at the same time do no harm. A backlog shrinks to one row before the shared store is asked, so
 * that the outbox stays bounded however long the store is away.
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

/**
 * Drains the outbox and notes the time in the shared store. Never rejects: the next drain continues. The lease is that of a read;
 * the cron has none. After a failure the lease is left to its end, so that the next attempt is not made at once.
 */
export async function drainAndNote(cache: Cache, outbox: Outbox, lease: string | null): Promise<void> {
  const { clock, log, shared } = cache;
  const beganMs = clock.now();
  try {
    const drained = await drain(cache, outbox);
    if (drained.rows > 0) log.info('outbox_drained', { ...drained, by: lease === null ? 'cron' : 'read' });
  } catch (error) {
    log.error('drain_failed', { error: describeError(error) });
    return;
  }
  await askShared(cache, 'note_drain', () => shared.noteDrain(lease, clock.now() - beganMs));
}

// The shared store is told first. Readers must not wait for the outbox to shrink, which may also fail.
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

// A text that is no tag stands for one that cannot be read.
function areTags({ origin: { isTag } }: Cache, named: ReadonlySet<string>): boolean {
  return isTag === undefined || [...named].every(isTag);
}

// The shared store keeps a tag longer than any entry, but not longer than the longest outage.
function expectedOf(confirmed: readonly OutboxRow[]): string[] {
  const lately = confirmed.filter(({ invalidatedAgoMs }) => (invalidatedAgoMs ?? 0) < LONGEST_LIFE_MS);
  return [...new Set(lately.flatMap(({ tags }) => tags))];
}

// An invalidation costs as much as it has different tags. A row that is written all the time leaves many outbox rows and few tags.
function isBacklog(due: readonly OutboxRow[]): boolean {
  if (idsOf(due).length > MAX_REPEATED_ROWS) return true;
  return due.length > MAX_ROWS && new Set(due.flatMap(({ tags }) => tags)).size > MAX_ROWS;
}

function idsOf(rows: readonly OutboxRow[]): number[] {
  return rows.flatMap(({ id, further = [] }) => [id, ...further]);
}
