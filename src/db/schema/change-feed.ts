import { sql } from 'drizzle-orm';
import { bigint, boolean, check, index, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { dates, idColumn, optionalTime, time, xid8 } from './columns.ts';

const wholeNumber = (name: string) => bigint(name, { mode: 'number' });

/** The changes of accounts, users and user profiles, by any writer. Triggers write them in the transaction of the change. */
export const changeFeed = pgTable(
  'change_feed',
  {
    /** Drawn while the changed row is locked, so that it puts the changes of one row in order. */
    id: idColumn(),
    /** The place in the feed, given once the change is visible; null until then. There are no gaps. */
    number: wholeNumber('number').unique('change_feed_number_key'),
    numberedAt: optionalTime('numbered_at'),
    /** The entity's name in the audit log. */
    kind: text('kind').notNull(),
    /** Null: many rows of the kind have changed. */
    rowId: wholeNumber('row_id'),
    /** The user of a changed profile. */
    userId: wholeNumber('user_id'),
    operation: text('operation').notNull(),
    at: time('at'),
    actor: text('actor').notNull(),
    /** The row that was deleted; of an updated row only the columns that were changed. */
    before: jsonb('before'),
    after: jsonb('after'),
    /** Ids of the accounts whose callers see the change; null: all. */
    accountIds: wholeNumber('account_ids').array(),
    xactId: xid8('xact_id')
      .notNull()
      .default(sql`pg_current_xact_id()`),
    /** Transactions before this one had ended when `account_ids` was read. */
    seenBefore: xid8('seen_before')
      .notNull()
      .default(sql`pg_snapshot_xmin(pg_current_snapshot())`),
  },
  (table) => [
    index('change_feed_unnumbered')
      .on(table.id)
      .where(sql`${table.number} is null`),
    index('change_feed_row').on(table.rowId, table.kind),
    index('change_feed_user_id')
      .on(table.userId)
      .where(sql`${table.userId} is not null`),
    check('change_feed_kind', sql`${table.kind} in ('account', 'user', 'user_profile')`),
    check('change_feed_operation', sql`${table.operation} in ('create', 'update', 'delete', 'resync')`),
    check('change_feed_resync', sql`(${table.rowId} is null) = (${table.operation} = 'resync')`),
    dates('change_feed', table.at, table.numberedAt),
  ],
);

/** The newest number of the feed, in one row. */
export const changeFeedNewest = pgTable(
  'change_feed_newest',
  {
    isOnly: boolean('is_only').primaryKey().default(true),
    number: wholeNumber('number').notNull(),
  },
  (table) => [check('change_feed_newest_is_only', sql`${table.isOnly}`)],
);
