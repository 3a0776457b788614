// Looks for a counter-example of every mutation that has none, or whose old one does not catch it any more; with --anew, of all:
// those that it does not find again keep theirs.
import type { CounterExample } from './counter-examples.ts';
import { readCounterExamples, writeCounterExamples } from './counter-examples.ts';
import { codeUnderTest } from './code-under-test.ts';
import { type Engine, makeEngine } from './engine.ts';
import { makeMutant } from './mutant.ts';
import { mutations } from './mutations/all.ts';
import type { Mutation } from './mutations/mutation.ts';
import { writePage } from './page.ts';
import { search, violationOf } from './search.ts';

/** The runs of one search. A mutation that survives them is harmless, or shows a gap in the model. */
const RUNS = Number(process.env['RUNS'] ?? 20_000);
const isAnew = process.argv.includes('--anew');
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

async function findExample(
  engine: Engine,
  mutation: Mutation,
  known: CounterExample | undefined,
): Promise<CounterExample | null> {
  const mutant = await makeMutant(mutation);
  const violation = known ? await violationOf(engine, known.commands, mutant) : null;
  const kept = known && violation ? { ...known, violation } : null;
  if (kept && !isAnew) return kept;
  const found = await search(engine, mutant, { runs: RUNS, seed });
  if (!found || (await violationOf(engine, found.commands, codeUnderTest)) !== null) return kept;
  return { mutation: mutation.name, violation: found.violation, commands: found.commands };
}

const engine = await makeEngine();
const examples = new Map((await readCounterExamples()).map((example) => [example.mutation, example]));
for (const mutation of mutations) {
  const example = await findExample(engine, mutation, examples.get(mutation.name));
  console.log(`${example ? 'caught' : 'NOT CAUGHT'}: ${mutation.name}`);
  if (example) examples.set(mutation.name, example);
  else examples.delete(mutation.name);
  await writeCounterExamples(inOrder());
}
await writePage(inOrder());
await engine.close();
process.exitCode = examples.size === mutations.length ? 0 : 1;

function inOrder(): CounterExample[] {
  return mutations.flatMap(({ name }) => examples.get(name) ?? []);
}
