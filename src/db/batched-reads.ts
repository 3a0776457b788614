import { makeCollector } from '../collector.ts';
import { isStatementRefused } from './away.ts';
import { type Db, makeDbOver } from './client.ts';
import type { Neon, Statement } from './neon.ts';
import type { Result } from './neon-results.ts';

/** More wait for the next batch. */
const STATEMENTS_PER_BATCH = 100;
/** A batch that is refused is halved until the statement that is to blame is alone: of a hundred, one is found so. */
const MAX_FURTHER_BATCHES = 14;

/**
 * The database for a request with many reads: the statements that are issued until `schedule` calls back are one batch in one
 * request, and each has its own rows or its own error. For single statements that only read.
 */
export function batchReads({ neon }: Pick<Db, 'neon'>, schedule: (flush: () => void) => void): Db {
  const run = makeCollector(
    (statements: readonly Statement[]) => runAll(neon, statements, { left: MAX_FURTHER_BATCHES }),
    { maxPerCall: STATEMENTS_PER_BATCH, schedule },
  );
  return makeDbOver({
    run,
    runBatch: () => Promise.reject(new Error('a batch of reads takes no transaction')),
  });
}

async function runAll(
  neon: Neon,
  statements: readonly Statement[],
  further: { left: number },
): Promise<PromiseSettledResult<Result>[]> {
  try {
    const results = await runTogether(neon, statements);
    return results.map((value) => ({ status: 'fulfilled', value }));
  } catch (reason) {
    const isWorthHalving = statements.length > 1 && further.left > 1 && isStatementRefused(reason);
    if (!isWorthHalving) return statements.map(() => ({ status: 'rejected', reason }));
    further.left -= 2;
    const middle = Math.ceil(statements.length / 2);
    const halves = [statements.slice(0, middle), statements.slice(middle)];
    return (await Promise.all(halves.map((half) => runAll(neon, half, further)))).flat();
  }
}

async function runTogether(neon: Neon, statements: readonly Statement[]): Promise<Result[]> {
  const [first, ...others] = statements;
  return first && others.length === 0 ? [await neon.run(first)] : neon.runBatch(statements);
}
