import type { NeonQueryFunction } from '@neondatabase/serverless';
import type { NeonHttpDatabase } from 'drizzle-orm/neon-http';
import { type NeonHttpQueryResultHKT, NeonHttpSession } from 'drizzle-orm/neon-http/session';
import { PgDatabase, PgDialect } from 'drizzle-orm/pg-core';
import { makeNeon, type Neon, type Statement, type Value } from './neon.ts';

export type Db = PgDatabase<NeonHttpQueryResultHKT> &
  Pick<NeonHttpDatabase, 'batch'> & {
    /** What its statements are sent by. */
    readonly neon: Neon;
  };

type NeonDriver = NeonQueryFunction<boolean, boolean>;

/** Postgres through Neon's HTTP protocol. Each request, a batch too, fails after `deadlineMs`. */
export function makeDb(databaseUrl: string, deadlineMs: number): Db {
  return makeDbOver(makeNeon(databaseUrl, deadlineMs));
}

export function makeDbOver(neon: Neon): Db {
  const dialect = new PgDialect();
  const makeSession = (driver: object) => new NeonHttpSession(driver as NeonDriver, dialect, undefined);
  // Drizzle hands its driver the statements of a batch as if each were to run at once, and what that answered as the batch.
  const batches = makeSession({ query: toStatement, transaction: neon.runBatch });
  const singles = makeSession({ query: (...query: Query) => neon.run(toStatement(...query)) });
  const db = new PgDatabase<NeonHttpQueryResultHKT>(dialect, singles, undefined);
  return Object.assign(db, { batch: batches.batch.bind(batches), neon });
}

type Query = [text: string, values: Value[], options: { arrayMode: boolean }];

function toStatement(...[text, values, { arrayMode }]: Query): Statement {
  return { text, values, asArrays: arrayMode };
}
