import { Column } from 'drizzle-orm/column';
import { is } from 'drizzle-orm/entity';
import type { NeonHttpDatabase } from 'drizzle-orm/neon-http';
import type { SelectedFieldsOrdered } from 'drizzle-orm/pg-core';
import { noopDecoder, SQL } from 'drizzle-orm/sql/sql';
import { getTableName } from 'drizzle-orm/table';
import { type Decoder, decoderOfType, nullable } from './decoders.ts';
import { GarbledAnswer } from './errors.ts';
import { requireResult } from './results.ts';

/** What drizzle keeps of a query that selects: which of its tables no outer join leaves out. */
interface Prepared {
  mapResult(result: unknown): unknown;
  readonly joinsNotNullableMap?: Readonly<Record<string, boolean>>;
}

/**
 * Has the database believe no driver: the columns of each answer are counted, and every value is held against its type, before
 * drizzle maps it. Drizzle itself makes NaN of a column that is missing, and NaN is not null.
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
    // Drizzle tells of the joins only after it has prepared the query.
    const decoders = fields.map(({ field }) => decoderOf(field, prepared.joinsNotNullableMap));
    return map({ ...result, rows: result.rows.map((row) => decodeRow(row, decoders)) });
  };
}

type Field = SelectedFieldsOrdered[number]['field'];

/** Of an expression nothing but its decoder tells the type; without one any value would pass. */
function requireDecoders(fields: SelectedFieldsOrdered): void {
  for (const { field, path } of fields) {
    if (expressionOf(field)?.decoder === noopDecoder)
      throw new TypeError(`the selected ${path.join('.')} needs mapWith(…), which says its type`);
  }
}

function expressionOf(field: Field): { readonly decoder: unknown } | null {
  if (is(field, Column)) return null;
  // A subquery that is selected whole is nothing that this code does; its decoder is the one of its SQL.
  if (is(field, SQL)) return field as unknown as { decoder: unknown };
  return (field as { sql?: { decoder: unknown } }).sql ?? null;
}

/** Expressions are decoded, and so checked, when drizzle maps them. */
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
