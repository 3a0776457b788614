import { type SQL, sql, type SQLWrapper } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { runBatch } from '../client/batch.ts';
import type { Db } from '../client/client.ts';

/**
 * As `=`, for the first column of an index that is to be walked. What equals a constant is left out of the order that a
 * query asks for, and then any index in the order of the other columns would do, and could be walked from end to end.
 */
export function isOnly(column: AnyPgColumn, value: string | number | boolean): SQL {
  return sql`${column} = any(array[${value}]::${sql.raw(column.getSQLType())}[])`;
}

/** `(a, b) > (1, 2)`, the order of the columns' own. */
export function compareRows(
  columns: readonly SQLWrapper[],
  operator: '>' | '<',
  values: readonly (string | number)[],
): SQL {
  const row = sql.join([...columns], sql`, `);
  const other = sql.join(
    values.map((value) => sql`${value}`),
    sql`, `,
  );
  return sql`(${row}) ${sql.raw(operator)} (${other})`;
}

// All else reads a whole stretch, to sort it, and where statistics are old the planner thinks that this is little. A sort that
// must be, of the rows of two stretches, is then priced so high that Postgres would compile it.
const OFF = ['enable_bitmapscan', 'enable_sort', 'enable_incremental_sort', 'jit'];
const walkIndexes = sql.join(
  OFF.map((name) => sql`set_config(${name}, 'off', true)`),
  sql`, `,
);

/** Runs a query that asks for the beginning of a stretch of an index, or of some: it reads no more rows than it answers. */
export async function selectInIndexOrder<Q extends BatchItem<'pg'>>(
  db: Db,
  query: Q,
): Promise<Q['_']['result']> {
  const { rows } = await runBatch(db, { settings: db.execute(sql`select ${walkIndexes}`), rows: query });
  return rows;
}
