import type { NeonHttpDatabase } from 'drizzle-orm/neon-http';
import type { NeonHttpQueryResultHKT } from 'drizzle-orm/neon-http/session';
import { PgDatabase } from 'drizzle-orm/pg-core';
import { makeSession } from './checked-session.ts';
import { GarbledAnswer } from './garbled.ts';
import { makeNeon, type Neon, type Statement, type Value } from './neon.ts';
import type { Result } from './neon-results.ts';
import { makeDialect } from './times.ts';

export type Db = PgDatabase<NeonHttpQueryResultHKT> &
  Pick<NeonHttpDatabase, 'batch'> & {
    /** What its statements are sent by. */
    readonly neon: Neon;
  };

/** Postgres through Neon's HTTP protocol. Each request, a batch too, fails after `deadlineMs`. */
export function makeDb(databaseUrl: string, deadlineMs: number): Db {
  return makeDbOver(makeNeon(databaseUrl, deadlineMs));
}

export function makeDbOver(neon: Neon): Db {
  const dialect = makeDialect();
  // Drizzle hands its driver the statements of a batch as if each were to run at once, and what that answered as the batch.
  const batches = makeSession(
    { query: toStatement, transaction: (all: Statement[]) => runAll(neon, all) },
    dialect,
  );
  const singles = makeSession({ query: (...query: Query) => neon.run(toStatement(...query)) }, dialect);
  const db = new PgDatabase<NeonHttpQueryResultHKT>(dialect, singles, undefined);
  return Object.assign(db, { batch: batches.batch.bind(batches), neon });
}

// Drizzle maps as many results as there are.
async function runAll(neon: Neon, statements: readonly Statement[]): Promise<Result[]> {
  const results = await neon.runBatch(statements);
  if (results.length === statements.length) return results;
  throw new GarbledAnswer('the answer is no result of the batch');
}

type Query = [text: string, values: Value[], options: { arrayMode: boolean }];

function toStatement(...[text, values, { arrayMode }]: Query): Statement {
  return { text, values, asArrays: arrayMode };
}
