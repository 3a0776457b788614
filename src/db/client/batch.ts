import type { BatchItem } from 'drizzle-orm/batch';
import type { Db } from './client.ts';

/**
 * The statements of a batch by name. They run in the order in which the object names them, which JavaScript keeps. Undefined:
 * the batch goes without this statement.
 */
export type Statements = Readonly<Record<string, BatchItem<'pg'> | undefined>>;

/** The result of each statement, under the statement's name. */
export type Results<S extends Statements> = {
  readonly [K in keyof S]: NonNullable<S[K]>['_']['result'];
};

/** Runs the statements in one transaction and one request. */
export async function runBatch<const S extends Statements>(db: Db, statements: S): Promise<Results<S>> {
  const named = Object.entries(statements).flatMap(([name, statement]) =>
    statement ? [{ name, statement }] : [],
  );
  const [first, ...others] = named.map(({ statement }) => statement);
  const results: readonly unknown[] = first ? await db.batch([first, ...others]) : [];
  // Drizzle answers a batch in the order of its statements, so that each name has the result of its own statement.
  return Object.fromEntries(named.map(({ name }, at) => [name, results[at]])) as Results<S>;
}
