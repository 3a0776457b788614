import { and, isNull, sql } from 'drizzle-orm';
import { readRow, readRows } from './client/results.ts';
import type { Db } from './client/client.ts';
import { decimal, nullable, texts, whole, wholes } from './client/decoders.ts';
import { cacheInvalidations } from './schema/tables.ts';

export interface PendingInvalidation {
  id: number;
  tags: string[];
  /** Milliseconds since the row was marked as invalidated, by Postgres' clock; null: it never was. */
  invalidatedAgoMs: number | null;
  /** Ids of the other rows with the same tags and time. */
  further?: number[];
}

/** Time between a row's first and second invalidation. */
const secondInvalidationAfterMs = 10_000;

/** Greatest number of different tags that one query of the outbox answers, some 40 bytes each; more become `everything`. */
const MAX_TAGS = 20_000;
/** Greatest number of tags in one answer, counting repeated ones. */
const MAX_REPEATED_TAGS = 5 * MAX_TAGS;
/** Rows that a query reads for each group that it may answer: repeated writes to one row leave many rows with the same tags. */
const ROWS_LOOKED_AT = 5;

// Bulk jobs leave millions of tags. Groups beyond the bounds of one drain count as everything.
const boundedTags = sql`case
  when so_far > ${sql.raw(String(MAX_REPEATED_TAGS))} or different > ${sql.raw(String(MAX_TAGS))}
  then '{everything}' else tags end`;

/**
 * Selects the rows to invalidate, in groups with the same tags and time: first the rows that never were invalidated, by id, then
 * those that are due again. Answers at most `limit` groups; all groups of five times as many rows, if these have fewer different
 * tags than `limit`.
 */
export async function selectPendingInvalidations(
  db: Db,
  limit: number,
  againAfterMs: number = secondInvalidationAfterMs,
): Promise<PendingInvalidation[]> {
  const most = limit * ROWS_LOOKED_AT;
  const result = await db.execute(sql`
    with groups as (
      select due.tags, due.invalidated_at, array_agg(due.id::text order by due.id) as ids, min(due.id) as first
      from (
        (select * from cache_invalidations where invalidated_at is null
          order by invalidated_at, id limit ${most})
        union all
        (select * from cache_invalidations where invalidated_at <= now() - ${againAfterMs} * interval '1 millisecond'
          order by invalidated_at, id limit ${most})
        limit ${most}
      ) as due
      group by due.tags, due.invalidated_at
    ), placed as (
      select *, row_number() over in_order as place, sum(cardinality(tags)) over in_order as so_far
      from groups window in_order as (order by invalidated_at nulls first, first)
    ), firsts as (
      select min(place) as place from placed, unnest(tags) as tag
      where so_far <= ${sql.raw(String(MAX_REPEATED_TAGS))} group by tag
    ), counted as (
      select *, sum(news) over (order by place) as different
      from (
        select place, ids, tags, invalidated_at, so_far, 0 as news from placed
        union all
        select place, null, null, null, null, count(*) from firsts group by place
      ) as parts
    )
    select ids, ${boundedTags} as tags, extract(epoch from now() - case when invalidated_at is not null then greatest(invalidated_at, now() - interval '1 day') end) * 1000 as "invalidatedAgoMs"
    from counted
    where ids is not null and (place <= ${limit} or (
      (select count(*) from firsts) < ${limit}
      and (select max(so_far) from placed) <= ${sql.raw(String(MAX_REPEATED_TAGS))}
    ))
    order by place`);
  const groups = readRows(result, { ids: wholes, tags: texts, invalidatedAgoMs: nullable(decimal) });
  return groups.map(({ ids: [first, ...further], tags, invalidatedAgoMs }) => {
    const row: PendingInvalidation = { id: whole(first), tags, invalidatedAgoMs };
    if (further.length > 0) row.further = further;
    return row;
  });
}

/**
 * Replaces at most `limit` rows to invalidate by one row with the tag `everything`, and answers how many it replaced. It keeps rows
 * that had not committed when it began; deleting a range of ids would delete them too.
 */
export async function collapseInvalidations(db: Db, limit: number): Promise<number> {
  const result = await db.execute(sql`
    with due as (
      select id from cache_invalidations
      where invalidated_at is null or invalidated_at <= now() - ${secondInvalidationAfterMs} * interval '1 millisecond'
      limit ${limit} for update skip locked
    ), gone as (
      delete from cache_invalidations as c using due where c.id = due.id returning c.id
    ), counted as (
      select count(*) as gone from gone
    ), everything as (
      insert into cache_invalidations (tags) select '{everything}' from counted where gone > 0
    )
    select gone from counted`);
  return readRow(result, { gone: whole }).gone;
}

/** Marks the rows as invalidated once, by `everything` or by their tags. Rows that are marked already keep their time. */
export async function markInvalidated(db: Db, ids: readonly number[], byEverything = false): Promise<void> {
  await db
    .update(cacheInvalidations)
    .set({ invalidatedAt: sql`now()`, ...(byEverything && { tags: ['everything'] }) })
    .where(and(isAnyOf(ids), isNull(cacheInvalidations.invalidatedAt)));
}

export async function deleteInvalidations(db: Db, ids: readonly number[]): Promise<void> {
  await db.delete(cacheInvalidations).where(isAnyOf(ids));
}

/** The last statement of a batch: selects the tags that the batch's statements have added to the outbox. */
export function selectTagsOfTransaction(db: Db) {
  return db.execute(sql`
    select tags from cache_invalidations where xact_id = pg_current_xact_id_if_assigned()`);
}

/** A text that is no tag. */
const UNREADABLE_TAG = '';

/** Reads the tags. Where they cannot be read, answers a text that is no tag: the write is done, and its other results may be right. */
export function readTags(result: unknown): string[] {
  try {
    return [...new Set(readRows(result, { tags: texts }).flatMap(({ tags }) => tags))];
  } catch {
    return [UNREADABLE_TAG];
  }
}

// The ids are one array parameter: thousands of parameters are slow to plan, and more than 65,535 are an error.
function isAnyOf(ids: readonly number[]) {
  return sql`${cacheInvalidations.id} = any(${sql.param(ids)}::bigint[])`;
}
