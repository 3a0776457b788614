import { drizzle } from 'drizzle-orm/neon-http';
import { makeCollector } from '../collector.ts';
import { isStatementRefused } from './away.ts';
import type { Db } from './client.ts';

/** Rows as arrays, as drizzle maps them. */
const OPTIONS = { arrayMode: true, fullResults: true } as const;
/** More wait for the next batch. */
const STATEMENTS_PER_BATCH = 100;
/** A batch that is refused is halved until the statement that is to blame is alone: of a hundred, one is found so. */
const MAX_FURTHER_BATCHES = 14;

/** What drizzle calls of its client. */
interface Client {
  query(text: string, params: unknown[], options: typeof OPTIONS): Promise<unknown>;
  transaction(queries: Promise<unknown>[], options: typeof OPTIONS): Promise<unknown[]>;
}

interface Statement {
  readonly text: string;
  readonly params: unknown[];
}

/**
 * The database for a request with many reads: the statements that are issued until `schedule` calls back are one batch in one
 * request, and each has its own rows or its own error. For single statements that only read.
 */
export function batchReads(db: Db, schedule: (flush: () => void) => void): Db {
  // Where drizzle keeps what it was given; the type of Db does not say so.
  const { $client: client } = db as Db & { readonly $client: Client };
  const ask = makeCollector(
    (statements: readonly Statement[]) => runAll(client, statements, { left: MAX_FURTHER_BATCHES }),
    { maxPerCall: STATEMENTS_PER_BATCH, schedule },
  );
  const collecting: Client = {
    query: (text, params) => ask({ text, params }),
    transaction: () => Promise.reject(new Error('a batch of reads takes no transaction')),
  };
  // Drizzle calls nothing else of its client.
  return drizzle({ client: collecting as never });
}

async function runAll(
  client: Client,
  statements: readonly Statement[],
  further: { left: number },
): Promise<PromiseSettledResult<unknown>[]> {
  try {
    const results = await runTogether(client, statements);
    return results.map((value) => ({ status: 'fulfilled', value }));
  } catch (reason) {
    const isWorthHalving = statements.length > 1 && further.left > 1 && isStatementRefused(reason);
    if (!isWorthHalving) return statements.map(() => ({ status: 'rejected', reason }));
    further.left -= 2;
    const middle = Math.ceil(statements.length / 2);
    const halves = [statements.slice(0, middle), statements.slice(middle)];
    return (await Promise.all(halves.map((half) => runAll(client, half, further)))).flat();
  }
}

async function runTogether(client: Client, statements: readonly Statement[]): Promise<unknown[]> {
  const queries = statements.map(({ text, params }) => client.query(text, params, OPTIONS));
  if (queries.length === 1) return Promise.all(queries);
  const results = await client.transaction(queries, OPTIONS);
  if (results.length !== statements.length) throw new Error('the batch answered another number of results');
  return results;
}
