import { makeCollector } from '../collector.ts';
import { isStatementRefused } from './away.ts';
import { type Db, makeDbOver } from './client.ts';
import type { Neon, Statement } from './neon.ts';
import type { Result } from './neon-results.ts';

/** More wait for the next batch. */
const STATEMENTS_PER_BATCH = 100;
/** One for each of the eight texts that look-ups have, and of a hundred statements of one text one is found by 14 halves. */
const MAX_FURTHER_BATCHES = 22;

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

type Outcome = PromiseSettledResult<Result>;

/** A batch that is refused is asked again in parts, until the statement that is to blame is alone. */
async function runAll(
  neon: Neon,
  statements: readonly Statement[],
  further: { left: number },
): Promise<Outcome[]> {
  try {
    const results = await runTogether(neon, statements);
    return results.map((value) => ({ status: 'fulfilled', value }));
  } catch (reason) {
    const parts = statements.length > 1 && isStatementRefused(reason) ? divide(statements) : [];
    if (parts.length === 0 || parts.length > further.left) {
      return statements.map(() => ({ status: 'rejected', reason }));
    }
    further.left -= parts.length;
    const outcomes = await Promise.all(parts.map((part) => runAll(neon, part, further)));
    return inOrderOf(statements, parts.flat(), outcomes.flat());
  }
}

// What is refused for its text, for a column that is not there say, must not use up what finds one row that is to blame.
function divide(statements: readonly Statement[]): Statement[][] {
  const byText = [...Map.groupBy(statements, ({ text }) => text).values()];
  if (byText.length > 1) return byText;
  const middle = Math.ceil(statements.length / 2);
  return [statements.slice(0, middle), statements.slice(middle)];
}

function inOrderOf(
  statements: readonly Statement[],
  asked: readonly Statement[],
  outcomes: readonly Outcome[],
): Outcome[] {
  const byStatement = new Map(asked.map((statement, at) => [statement, outcomes[at]]));
  return statements.flatMap((statement) => byStatement.get(statement) ?? []);
}

async function runTogether(neon: Neon, statements: readonly Statement[]): Promise<Result[]> {
  const [first, ...others] = statements;
  return first && others.length === 0 ? [await neon.run(first)] : neon.runBatch(statements);
}
