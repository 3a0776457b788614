import { type SQL, sql, type SQLWrapper } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import type { Db } from './client.ts';

type Value = string | number | boolean;

/**
 * `(a, b, c) > (1, 2, 3)`, of as many columns as there are values. Two of these are one stretch of an index that begins
 * with the columns. `a = 1 and b > 2` is one too, but any index in the order of `b` would do for it, and could be walked
 * from end to end. Of no values it is no condition.
 */
export function compareRow(
  columns: readonly SQLWrapper[],
  operator: '>' | '>=' | '<' | '<=',
  values: readonly Value[],
): SQL | undefined {
  if (values.length === 0) return undefined;
  const row = sql.join(columns.slice(0, values.length), sql`, `);
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
  const [, rows] = await db.batch([db.execute(sql`select ${walkIndexes}`), query]);
  return rows;
}
