import { bigint, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { dates, time } from './columns.ts';

/** The last revision of each deleted row, written by triggers: a row that gets the id again begins above it. */
export const deletedRows = pgTable(
  'deleted_rows',
  {
    /** The entity's name in the audit log. */
    entity: text('entity').notNull(),
    /** Id of the row; 0: TRUNCATE deleted every row of the table. */
    id: bigint('id', { mode: 'number' }).notNull(),
    revision: bigint('revision', { mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ name: 'deleted_rows_pkey', columns: [table.entity, table.id] })],
);

/** The numbers of deleted accounts, which hosts and bindings may still name. Written by triggers. */
export const retiredAccountNumbers = pgTable(
  'retired_account_numbers',
  {
    accountNumber: text('account_number').primaryKey(),
    /** Id of the deleted account, the only one that may have the number again, when it is restored. */
    accountId: bigint('account_id', { mode: 'number' }).notNull(),
    retiredAt: time('retired_at'),
  },
  (table) => [dates('retired_account_numbers', table.retiredAt)],
);
