import { sql, type SQL } from 'drizzle-orm';
import { runBatch } from '../client/batch.ts';
import type { Db } from '../client/client.ts';
import { json, nullable, text, whole } from '../client/decoders.ts';
import { readRow, readRows } from '../client/results.ts';
import { changeFeed } from '../schema/change-feed.ts';
import { walkIndexes } from './index-order.ts';

export const FED_KINDS = ['account', 'user', 'user_profile'] as const;
export type FedKind = (typeof FED_KINDS)[number];

/** Changes to read: those after a number, in order. */
export interface FedChanges {
  /** Null: from the oldest that is kept. `latest`: after those that there are. */
  readonly after: number | 'latest' | null;
  /** Null: all kinds. */
  readonly kinds: readonly FedKind[] | null;
  /** Number of the only account that the reader sees; null: all accounts. */
  readonly within: string | null;
  readonly limit: number;
}

/** A change as the feed holds it, with rows as `to_jsonb` makes them. */
export interface FedChange {
  readonly kind: string;
  /** Null: many rows of the kind have changed. */
  readonly rowId: number | null;
  readonly operation: string;
  /** ISO 8601, in UTC, with microseconds. */
  readonly at: string;
  readonly actor: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface FedSlice {
  readonly changes: readonly FedChange[];
  /** The number after which these changes were sought. */
  readonly from: number;
  /** The number up to which the reader has seen all changes that concern it. */
  readonly upTo: number;
  /** The numbers of the oldest change that is kept and of the newest; the oldest is greater where there are none. */
  readonly oldest: number;
  readonly newest: number;
}

/** Changes that one read looks at, so that a reader of few of them reads no more of the others. */
const CHANGES_LOOKED_AT = 10_000;
/** Changes that a read numbers on its way. */
const NUMBERED_BY_READERS = 2_000;

/** Numbers the changes that became visible, as far as nobody else is at it, and reads the changes after a number; in one request. */
export async function selectChanges(db: Db, asked: FedChanges): Promise<FedSlice> {
  const { page } = await runBatch(db, {
    settings: walkIndexes(db),
    numbered: db.execute(sql`select public.number_changes(${NUMBERED_BY_READERS}::int)`),
    page: db.execute(selectPage(asked)),
  });
  const rows = readRows(page, {
    newest: whole,
    oldest: whole,
    from: whole,
    number: nullable(whole),
    kind: nullable(text),
    rowId: nullable(whole),
    operation: nullable(text),
    at: nullable(text),
    actor: nullable(text),
    before: json,
    after: json,
  });
  const { newest = 0, oldest = 1, from = 0 } = rows[0] ?? {};
  const found = rows.flatMap((row) => (row.number === null ? [] : [row as FedChange & { number: number }]));
  const changes = found.toSorted((one, other) => one.number - other.number);
  const isFull = changes.length >= asked.limit && asked.after !== 'latest';
  const last = changes.at(-1)?.number ?? from;
  const upTo = isFull ? last : Math.max(last, Math.min(newest, from + CHANGES_LOOKED_AT));
  return { changes, from, upTo, oldest, newest };
}

// One statement, so that what it says of the oldest and of the newest is of the same moment as the changes.
function selectPage({ after, kinds, within, limit }: FedChanges): SQL {
  return sql`
    with state as (
      select coalesce((select number from change_feed_newest), 0) as newest, (select min(number) from change_feed) as oldest
    ), start as (
      select newest, coalesce(oldest, newest + 1) as oldest, ${startAt(after)} as "from" from state
    )
    select start.newest, start.oldest, start."from", c.number, c.kind, c.row_id as "rowId", c.operation,
      to_char(c.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, c.actor,
      case when c.operation = 'update' then c.after || c.before else c.before end as before, c.after
    from start left join lateral (
      select * from change_feed as f
      where f.number > start."from" and f.number <= start."from" + ${CHANGES_LOOKED_AT}::int
        ${kinds === null ? sql`` : sql`and f.kind = any(${sql.param(kinds)}::text[])`}
        ${within === null ? sql`` : sql`and ${isSeenWithin(within)}`}
      order by f.number limit ${after === 'latest' ? 0 : limit}::int
    ) as c on true`;
}

function startAt(after: FedChanges['after']): SQL {
  if (after === null) return sql`coalesce(oldest, newest + 1) - 1`;
  return after === 'latest' ? sql`newest` : sql`${after}::bigint`;
}

// Where there is no such account the array holds a null, which no row has; an empty array would be in every row.
function isSeenWithin(accountNumber: string): SQL {
  return sql`(f.row_id is null or f.account_ids @> array[(select id from accounts where account_number = ${accountNumber})])`;
}

/** Numbers at most `limit` changes that are visible, and answers how many. */
export async function numberChanges(db: Db, limit: number): Promise<number> {
  const result = await db.execute(sql`select public.number_changes(${limit}::int) as numbered`);
  return readRow(result, { numbered: whole }).numbered;
}

/** Deletes changes that were numbered more than `days` ago, at most `limit`, the oldest first. */
export function deleteOldChanges(db: Db, days: number, limit: number) {
  const oldest = db
    .select({ number: changeFeed.number })
    .from(changeFeed)
    .where(sql`${changeFeed.number} is not null`)
    .orderBy(changeFeed.number)
    .limit(limit);
  return db
    .delete(changeFeed)
    .where(
      sql`${changeFeed.number} = any(array(${oldest})) and ${changeFeed.numberedAt} < now() - ${days} * interval '1 day'`,
    );
}
