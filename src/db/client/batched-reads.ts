import { NeonQueryPromise } from '@neondatabase/serverless';
import { makeCollector } from '../../lib/batcher.ts';
import { isStatementRefused } from './errors.ts';
import { type Client, type Db, makeDbOver } from './client.ts';

/** More wait for the next batch. */
const STATEMENTS_PER_BATCH = 100;
/** One for each of the eight texts that look-ups have, and of a hundred statements of one text one is found by 14 halves. */
const MAX_FURTHER_BATCHES = 22;

interface Read {
  readonly text: string;
  /** The driver sends it only when it is awaited, or as a part of a transaction. */
  readonly query: ReturnType<Client['query']>;
}

/**
 * The database for a request with many reads: the statements that are issued until `schedule` calls back are one batch in one
 * request, and each has its own rows or its own error. For single statements that only read.
 */
export function batchReads({ $client }: Pick<Db, '$client'>, schedule: (flush: () => void) => void): Db {
  const ask = makeCollector(
    (reads: readonly Read[]) => runAll($client, reads, { left: MAX_FURTHER_BATCHES }),
    { maxPerCall: STATEMENTS_PER_BATCH, schedule },
  );
  const client: Client = Object.assign($client.bind(null), {
    unsafe: $client.unsafe,
    query: ((text, values, options) => {
      const query = $client.query<boolean, boolean>(text, values, options);
      // The answer is in the form that the options ask for.
      return new NeonQueryPromise(() => ask({ text, query }) as Promise<never>, query.queryData, options);
    }) satisfies Client['query'],
    transaction: () => Promise.reject(new Error('a batch of reads takes no transaction')),
  });
  return makeDbOver(client);
}

type Outcome = PromiseSettledResult<unknown>;

/** A batch that is refused is asked again in parts, until the statement that is to blame is alone. */
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

// What is refused for its text, for a column that is not there say, must not use up what finds one row that is to blame.
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
