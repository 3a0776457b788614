import { sql } from 'drizzle-orm';
import { bigint, index, jsonb, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { dates, idColumn, optionalTime, time, xid8 } from './columns.ts';

/** One row for each transaction that deleted accounts, users or profiles. Triggers write it, and `restore_deletion` the last two columns. */
export const deletions = pgTable(
  'deletions',
  {
    id: idColumn(),
    at: time('at'),
    xactId: xid8('xact_id')
      .notNull()
      .default(sql`pg_current_xact_id()`),
    /** As in the audit log; `sql:` and the role, where the transaction names no actor. */
    actor: text('actor').notNull(),
    requestId: text('request_id').notNull(),
    /** Kind and id of the first deleted row, which a statement asked for; all others went with it or after it. */
    entity: text('entity').notNull(),
    entityId: bigint('entity_id', { mode: 'number' }).notNull(),
    /** The first row's names, as in `deletion_rows`. */
    accountNumber: text('account_number'),
    username: text('username'),
    restoredAt: optionalTime('restored_at'),
    restoredBy: text('restored_by'),
  },
  (table) => [
    // A restored database counts its transactions anew, so that a number alone can come again.
    unique('deletions_transaction').on(table.xactId, table.at),
    index('deletions_at').on(table.at, table.id),
    index('deletions_entity').on(table.entity, table.at, table.id),
    index('deletions_entity_id').on(table.entityId, table.entity),
    dates('deletions', table.at, table.restoredAt),
  ],
);

/** The deleted rows as they were. */
export const deletionRows = pgTable(
  'deletion_rows',
  {
    deletionId: bigint('deletion_id', { mode: 'number' }).notNull(),
    entity: text('entity').notNull(),
    id: bigint('id', { mode: 'number' }).notNull(),
    /** The number of the account, or of the account of the profile if that was there still. */
    accountNumber: text('account_number'),
    /** The name of the user, or of the user of the profile if that was there still. */
    username: text('username'),
    /** Id of the user itself, or of the profile's user. */
    userId: bigint('user_id', { mode: 'number' }),
    /** The whole row, without the hashes of a key's secrets. */
    row: jsonb('row').notNull(),
  },
  (table) => [
    primaryKey({ name: 'deletion_rows_pkey', columns: [table.deletionId, table.entity, table.id] }),
    index('deletion_rows_account_number')
      .on(table.accountNumber, table.deletionId)
      .where(sql`${table.accountNumber} is not null`),
    index('deletion_rows_username')
      .on(table.username, table.deletionId)
      .where(sql`${table.username} is not null`),
    index('deletion_rows_user_id')
      .on(table.userId, table.deletionId)
      .where(sql`${table.userId} is not null`),
  ],
);

export type DeletionRow = typeof deletions.$inferSelect;
