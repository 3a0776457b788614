import type { Decoder } from './decoders.ts';
import { GarbledAnswer } from './errors.ts';

/** A statement's result as the driver answers it. */
interface Result {
  readonly fields: readonly { readonly name: string }[];
  readonly rows: readonly unknown[];
}

/** Throws unless the result has columns with these names; null: any name. */
export function requireResult(result: unknown, names: readonly (string | null)[]): asserts result is Result {
  const { fields, rows, rowCount } = Object(result) as Record<string, unknown>;
  if (!Array.isArray(fields) || !Array.isArray(rows) || rowCount !== rows.length)
    throw new GarbledAnswer('the answer is no result of a query');
  const isAsked = names.every((name, at) => name === null || name === Object(fields[at]).name);
  if (fields.length !== names.length || !isAsked) throw new GarbledAnswer('the answer has other columns');
}

/** Reads the rows of a statement that Drizzle did not build. The decoders are by column, in the order of the columns. */
export function readRows<T extends object>(
  result: unknown,
  decoders: { readonly [K in keyof T]: Decoder<T[K]> },
): T[] {
  const names = Object.keys(decoders) as (keyof T & string)[];
  requireResult(result, names);
  return result.rows.map((row) => {
    const values = Object(row) as Readonly<Record<string, unknown>>;
    // Each column has a decoder of its property's type.
    return Object.fromEntries(names.map((name) => [name, decoders[name](values[name])])) as T;
  });
}

/** Reads the row of a statement that always answers exactly one. */
export function readRow<T extends object>(
  result: unknown,
  decoders: { readonly [K in keyof T]: Decoder<T[K]> },
): T {
  const [row, another] = readRows(result, decoders);
  if (!row || another) throw new GarbledAnswer('the answer is not one row');
  return row;
}
