import { type SQL, sql, type SQLWrapper } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { runBatch } from '../client/batch.ts';
import type { Db } from '../client/client.ts';

/**
 * Compares the first column of the index that Postgres shall read, as `=` does. With `=` Postgres would drop the column from the
 * order of the query; then it could choose any index in the order of the other columns, and read it from end to end.
 */
export function isOnly(column: AnyPgColumn, value: string | number | boolean | SQL): SQL {
  return sql`${column} = any(array[${value}]::${sql.raw(column.getSQLType())}[])`;
}

/** Compares rows, as in `(a, b) > (1, 2)`, in the columns' own order. */
export function compareRows(
  columns: readonly SQLWrapper[],
  operator: '>' | '<',
  values: readonly (string | number | SQL)[],
): SQL {
  const row = sql.join([...columns], sql`, `);
  const other = sql.join(
    values.map((value) => sql`${value}`),
    sql`, `,
  );
  return sql`(${row}) ${sql.raw(operator)} (${other})`;
}

// Other plans read a whole stretch and sort it, which old statistics make look cheap. Without sorts the planner prices the merge of
// two stretches, which needs one, so high that it would compile the query; so compilation is off too.
const OFF = ['enable_bitmapscan', 'enable_sort', 'enable_incremental_sort', 'jit'];
const walked = sql.join(
  OFF.map((name) => sql`set_config(${name}, 'off', true)`),
  sql`, `,
);

/** The statement that has the rest of its batch walk indexes. */
export function walkIndexes(db: Db) {
  return db.execute(sql`select ${walked}`);
}

/** Runs a query for the beginning of one or more stretches of an index. It reads no more rows than it answers. */
export async function selectInIndexOrder<Q extends BatchItem<'pg'>>(
  db: Db,
  query: Q,
): Promise<Q['_']['result']> {
  const { rows } = await runBatch(db, { settings: walkIndexes(db), rows: query });
  return rows;
}
