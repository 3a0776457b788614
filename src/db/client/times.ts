import { Column } from 'drizzle-orm/column';
import { is } from 'drizzle-orm/entity';
import type { NeonHttpDatabase } from 'drizzle-orm/neon-http';
import type { SelectedFieldsOrdered } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm/sql/sql';
import { Table } from 'drizzle-orm/table';

export const TIME = 'timestamp with time zone';

/** The method of Drizzle's dialect that writes the selected or returned columns; Drizzle's types do not show it. */
interface SelectionBuilder {
  buildSelection(fields: SelectedFieldsOrdered, options?: object): unknown;
}

/**
 * Makes queries select times as seconds since 1970, a numeric to the microsecond. Their text depends on the session's DateStyle and
 * TimeZone: day and month change places, and old offsets have seconds.
 */
export function sendTimesInSeconds(db: NeonHttpDatabase): void {
  // Drizzle's database has this property, which its types do not show.
  const { dialect } = db as unknown as { readonly dialect: SelectionBuilder };
  const build = dialect.buildSelection.bind(dialect);
  dialect.buildSelection = (fields, options) => build(fields.map(inSeconds), options);
}

function inSeconds({ path, field }: SelectedFieldsOrdered[number]): SelectedFieldsOrdered[number] {
  // The subquery has already converted its column to seconds.
  if (!is(field, Column) || field.getSQLType() !== TIME || isAlias(field.table)) return { path, field };
  return { path, field: sql`extract(epoch from ${field})`.as(field.name) };
}

function isAlias(table: object): boolean {
  // The property is internal to Drizzle, and not in its types.
  const { IsAlias } = (Table as unknown as { Symbol: { IsAlias: symbol } }).Symbol;
  return (table as Record<symbol, unknown>)[IsAlias] === true;
}
