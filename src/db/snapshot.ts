import { getTableColumns, type InferSelectModel } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';

/** A row out of what `to_jsonb` made of it, as a query of the table would give it. Throws when a column is missing. */
export function fromSnapshot<T extends PgTable>(table: T, json: unknown): InferSelectModel<T> {
  const snapshot = json as Readonly<Record<string, unknown>>;
  const row: Record<string, unknown> = {};
  for (const [name, column] of Object.entries(getTableColumns(table))) {
    const value = snapshot[column.name];
    if (value === undefined) throw new Error(`the snapshot lacks ${column.name}`);
    row[name] = value === null ? null : column.mapFromDriverValue(value);
  }
  // Every column of the table is there, mapped as drizzle maps it.
  return row as InferSelectModel<T>;
}
