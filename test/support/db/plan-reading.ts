import type { Db } from '../../../src/db/client/client.ts';

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: Plan[];
}

/** What Postgres had to read for an answer, by its own account. */
export interface Reading {
  /** Of the answer. */
  answered: number;
  /** That the table had to show. */
  rows: number;
  buffers: number;
  scans: Set<string>;
}

/** Runs a statement over one connection, the same each time. */
type Run = <Row extends Record<string, unknown>>(sql: string, params?: unknown[]) => Promise<Row[]>;

interface Statement {
  readonly sql: string;
  readonly params: unknown[];
}

/** The database, and the statements of the batches that it has run. */
function watch(real: Db): { db: Db; statements: Statement[] } {
  const statements: Statement[] = [];
  const batch: Db['batch'] = (items) => {
    // As drizzle's own batch asks them; its types do not say that they answer.
    const queries = items as unknown as readonly { _prepare(): { getQuery(): Statement } }[];
    // oxlint-disable-next-line no-underscore-dangle -- drizzle's name
    statements.push(...queries.map((query) => query._prepare().getQuery()));
    return real.batch(items);
  };
  return { db: Object.assign(Object.create(real) as Db, { batch }), statements };
}

/** Runs the query, and then has each of its statements explained as it runs once more. */
export async function readingOf(
  real: Db,
  run: Run,
  query: (db: Db) => Promise<readonly unknown[]>,
): Promise<Reading> {
  const { db, statements } = watch(real);
  const answered = (await query(db)).length;
  const reading = { answered, rows: 0, buffers: 0, scans: new Set<string>() };
  await run('begin');
  for (const { sql, params } of statements) {
    if (sql.includes('set_config')) await run(sql, params);
    else await addPlan(reading, run, sql, params);
  }
  await run('rollback');
  return reading;
}

async function addPlan(reading: Reading, run: Run, sql: string, params: unknown[]): Promise<void> {
  const [row] = await run<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
    `explain (analyze, buffers, format json) ${sql}`,
    params,
  );
  const plan = row?.['QUERY PLAN'][0].Plan;
  if (!plan) throw new Error('there is no plan');
  reading.buffers += plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
  addScans(reading, plan);
}

function addScans(reading: Reading, plan: Plan): void {
  if (plan['Node Type'].includes('Scan') && plan['Relation Name']) {
    reading.scans.add(plan['Node Type']);
    const removed = (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0);
    reading.rows += Math.ceil((plan['Actual Rows'] + removed) * plan['Actual Loops']);
  }
  for (const part of plan.Plans ?? []) addScans(reading, part);
}
