import { getTableColumns, type InferSelectModel } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import { decoderOfJson, nullable } from '../client/decoders.ts';
import { type AccountRow, accounts, type UserRow, users } from '../schema/tables.ts';

/** Reads a row from its `to_jsonb`, with the values that a query of the table would answer. Throws unless every column is there and has its type. */
export function fromSnapshot<T extends PgTable>(table: T, json: unknown): InferSelectModel<T> {
  const snapshot = Object(json) as Readonly<Record<string, unknown>>;
  const row: Record<string, unknown> = {};
  for (const [name, column] of Object.entries(getTableColumns(table))) {
    const decode = decoderOfJson(column.getSQLType());
    const value = (column.notNull ? decode : nullable(decode))(snapshot[column.name]);
    row[name] = column.getSQLType() === 'jsonb' ? column.mapFromDriverValue(value) : value;
  }
  // The loop has set every column of the table, with its type.
  return row as InferSelectModel<T>;
}

/** The values of columns that older snapshots lack. */
const ADDED = { external_id: null, metadata: {} };

/** Reads an account from its `to_jsonb`. */
export function fromAccountSnapshot(json: unknown): AccountRow {
  return fromSnapshot(accounts, { ...ADDED, ...Object(json) });
}

/** Reads a user from its `to_jsonb`. */
export function fromUserSnapshot(json: unknown): UserRow {
  return fromSnapshot(users, { username_compared: '', ...ADDED, ...Object(json) });
}
