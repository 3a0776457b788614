import { Column } from 'drizzle-orm/column';
import { is } from 'drizzle-orm/entity';
import type { NeonHttpDatabase } from 'drizzle-orm/neon-http';
import type { SelectedFieldsOrdered } from 'drizzle-orm/pg-core';
import { noopDecoder, SQL } from 'drizzle-orm/sql/sql';
import { getTableName } from 'drizzle-orm/table';
import { type Decoder, decoderOfType, nullable } from './decoders.ts';
import { GarbledAnswer } from './errors.ts';
import { requireResult } from './results.ts';

/** The part of Drizzle's prepared query that this file reads; the map says which tables an outer join cannot leave out. */
interface Prepared {
  mapResult(result: unknown): unknown;
  readonly joinsNotNullableMap?: Readonly<Record<string, boolean>>;
}

/**
 * Makes the database check the driver's answers: it counts the columns of each row, and compares each value with its type, before
 * Drizzle maps it. Drizzle itself turns a missing column into NaN, and NaN is not null.
 */
export function checkAnswers(db: NeonHttpDatabase): void {
  const { session } = db._;
  const prepare = session.prepareQuery.bind(session);
  session.prepareQuery = (query, fields, ...more) => {
    const prepared = prepare(query, fields, ...more);
    if (fields) checkResults(prepared, fields);
    return prepared;
  };
}

function checkResults(prepared: Prepared, fields: SelectedFieldsOrdered): void {
  const map = prepared.mapResult.bind(prepared);
  const names = fields.map(({ field }) => (is(field, Column) ? field.name : null));
  requireDecoders(fields);
  prepared.mapResult = (result) => {
    requireResult(result, names);
    // Drizzle sets the map of joins only after it has prepared the query.
    const decoders = fields.map(({ field }) => decoderOf(field, prepared.joinsNotNullableMap));
    return map({ ...result, rows: result.rows.map((row) => decodeRow(row, decoders)) });
  };
}

type Field = SelectedFieldsOrdered[number]['field'];

/** Only its decoder says which type an expression has; without one any value would pass. */
function requireDecoders(fields: SelectedFieldsOrdered): void {
  for (const { field, path } of fields) {
    if (expressionOf(field)?.decoder === noopDecoder)
      throw new TypeError(`the selected ${path.join('.')} needs mapWith(…), which says its type`);
  }
}

function expressionOf(field: Field): { readonly decoder: unknown } | null {
  if (is(field, Column)) return null;
  // This code selects no subquery whole. The decoder of one is the decoder of its SQL.
  if (is(field, SQL)) return field as unknown as { decoder: unknown };
  return (field as { sql?: { decoder: unknown } }).sql ?? null;
}

/** The decoder of a column. Drizzle decodes expressions itself, which checks them, when it maps the row. */
function decoderOf(field: Field, isThere: Prepared['joinsNotNullableMap']): Decoder<unknown> | null {
  if (!is(field, Column)) return null;
  const decode = decoderOfType(field.getSQLType());
  const mayLack = !field.notNull || isThere?.[getTableName(field.table)] === false;
  return mayLack ? nullable(decode) : decode;
}

function decodeRow(row: unknown, decoders: readonly (Decoder<unknown> | null)[]): unknown[] {
  if (!Array.isArray(row) || row.length !== decoders.length)
    throw new GarbledAnswer('a row has other columns');
  return decoders.map((decode, at) => (decode ? decode(row[at]) : (row[at] as unknown)));
}
