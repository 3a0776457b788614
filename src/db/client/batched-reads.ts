import { NeonQueryPromise } from '@neondatabase/serverless';
import { makeBatcher } from '../../lib/batcher.ts';
import { isStatementRefused } from './errors.ts';
import { type Client, type Db, makeDbOver } from './client.ts';

/** Greatest number of statements in a batch; further ones wait for the next batch. */
const STATEMENTS_PER_BATCH = 100;
/** Enough for one batch for each of the eight texts that look-ups have, and for the 14 halves that find one of a hundred statements. */
const MAX_FURTHER_BATCHES = 22;

interface Read {
  readonly text: string;
  /** A lazy query: the driver sends it when it is awaited, or as a part of a transaction. */
  readonly query: ReturnType<Client['query']>;
}

/**
 * The database for a request with many reads. It sends the statements that are issued until `schedule` calls back as one batch in
 * one request, and answers each with its own rows or its own error. It takes single statements that only read.
 */
export function batchReads({ $client }: Pick<Db, '$client'>, schedule: (flush: () => void) => void): Db {
  const ask = makeBatcher((reads: readonly Read[]) => runAll($client, reads, { left: MAX_FURTHER_BATCHES }), {
    maxPerCall: STATEMENTS_PER_BATCH,
    schedule,
  });
  const client: Client = Object.assign($client.bind(null), {
    unsafe: $client.unsafe,
    query: ((text, values, options) => {
      const query = $client.query<boolean, boolean>(text, values, options);
      // The driver answers in the form that the options ask for.
      return new NeonQueryPromise(() => ask({ text, query }) as Promise<never>, query.queryData, options);
    }) satisfies Client['query'],
    transaction: () => Promise.reject(new Error('a batch of reads takes no transaction')),
  });
  return makeDbOver(client);
}

type Outcome = PromiseSettledResult<unknown>;

/** Runs a batch. Postgres refuses a batch as a whole, so a refused one runs again in parts until the refused statement is alone. */
async function runAll(client: Client, reads: readonly Read[], further: { left: number }): Promise<Outcome[]> {
  try {
    const results = await runTogether(client, reads);
    return results.map((value) => ({ status: 'fulfilled', value }));
  } catch (reason) {
    const parts = reads.length > 1 && isStatementRefused(reason) ? divide(reads) : [];
    if (parts.length === 0 || parts.length > further.left) {
      return reads.map(() => ({ status: 'rejected', reason }));
    }
    further.left -= parts.length;
    const outcomes = await Promise.all(parts.map((part) => runAll(client, part, further)));
    return inOrderOf(reads, parts.flat(), outcomes.flat());
  }
}

// A text that is always refused, because a column is missing, must not use up the batches that find one bad parameter.
function divide(reads: readonly Read[]): Read[][] {
  const byText = [...Map.groupBy(reads, ({ text }) => text).values()];
  if (byText.length > 1) return byText;
  const middle = Math.ceil(reads.length / 2);
  return [reads.slice(0, middle), reads.slice(middle)];
}

function inOrderOf(reads: readonly Read[], asked: readonly Read[], outcomes: readonly Outcome[]): Outcome[] {
  const byRead = new Map(asked.map((read, at) => [read, outcomes[at]]));
  return reads.flatMap((read) => byRead.get(read) ?? []);
}

async function runTogether(client: Client, reads: readonly Read[]): Promise<unknown[]> {
  const [first, ...others] = reads;
  if (first && others.length === 0) return [await first.query];
  return client.transaction(reads.map(({ query }) => query));
}
