import { Column } from 'drizzle-orm/column';
import { is } from 'drizzle-orm/entity';
import { PgDialect, type SelectedFieldsOrdered } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm/sql/sql';
import { Table } from 'drizzle-orm/table';

export const TIME = 'timestamp with time zone';

/** What drizzle's dialect has, and its types do not show: it writes what a query selects, or a write returns. */
interface SelectionBuilder {
  buildSelection(fields: SelectedFieldsOrdered, options?: object): unknown;
}

/**
 * Drizzle's dialect, but that times travel as seconds since 1970, a numeric to the microsecond. Their text would be as DateStyle
 * and TimeZone have it: day and month change places, and old offsets have seconds.
 */
export function makeDialect(): PgDialect {
  const dialect = new PgDialect();
  const builder = dialect as unknown as SelectionBuilder;
  const build = builder.buildSelection.bind(dialect);
  builder.buildSelection = (fields, options) => build(fields.map(inSeconds), options);
  return dialect;
}

function inSeconds({ path, field }: SelectedFieldsOrdered[number]): SelectedFieldsOrdered[number] {
  // A column of a subquery is in seconds already.
  if (!is(field, Column) || field.getSQLType() !== TIME || isAlias(field.table)) return { path, field };
  return { path, field: sql`extract(epoch from ${field})`.as(field.name) };
}

function isAlias(table: object): boolean {
  // The property is drizzle's own, and not in its types.
  const { IsAlias } = (Table as unknown as { Symbol: { IsAlias: symbol } }).Symbol;
  return (table as Record<symbol, unknown>)[IsAlias] === true;
}
