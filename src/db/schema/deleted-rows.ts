import { bigint, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { dates, time } from './columns.ts';

/** The last revision of each deleted row: one made again under its id begins above it. Kept by triggers. */
export const deletedRows = pgTable(
  'deleted_rows',
  {
    /** As in the audit log. */
    entity: text('entity').notNull(),
    /** 0: every row of the table, by TRUNCATE. */
    id: bigint('id', { mode: 'number' }).notNull(),
    revision: bigint('revision', { mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ name: 'deleted_rows_pkey', columns: [table.entity, table.id] })],
);

/** The numbers of deleted accounts, which hosts and bindings still name. Kept by triggers. */
export const retiredAccountNumbers = pgTable(
  'retired_account_numbers',
  {
    accountNumber: text('account_number').primaryKey(),
    /** The only account that may have the number again: the very one, restored. */
    accountId: bigint('account_id', { mode: 'number' }).notNull(),
    retiredAt: time('retired_at'),
  },
  (table) => [dates('retired_account_numbers', table.retiredAt)],
);
