// Runs the question named in its first argument in this process, and sends the results to the parent.
import type { Question } from './question.ts';

const name = process.argv[2] ?? '';
const { question } = (await import(`./questions/${name}.ts`)) as { question: Question };
const results = await question.ask();
// Timers of the peers must not keep the process alive.
if (process.send) process.send(results, () => process.exit());
