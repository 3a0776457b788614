import { getTableColumns, type InferSelectModel } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import { decoderOfJson, nullable } from '../client/decoders.ts';
import { type UserRow, users } from '../schema/tables.ts';

/** A row out of what `to_jsonb` made of it, as a query of the table would give it. Throws unless every column is there, and of its type. */
export function fromSnapshot<T extends PgTable>(table: T, json: unknown): InferSelectModel<T> {
  const snapshot = Object(json) as Readonly<Record<string, unknown>>;
  const row: Record<string, unknown> = {};
  for (const [name, column] of Object.entries(getTableColumns(table))) {
    const decode = decoderOfJson(column.getSQLType());
    row[name] = (column.notNull ? decode : nullable(decode))(snapshot[column.name]);
  }
  // Every column of the table is there, of the type that the table says.
  return row as InferSelectModel<T>;
}

/** The same of a user; what was kept before names were compared says nothing of it. */
export function fromUserSnapshot(json: unknown): UserRow {
  return fromSnapshot(users, { username_compared: '', ...Object(json) });
}
