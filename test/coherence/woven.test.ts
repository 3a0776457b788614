import { readCounterExamples } from './counter-examples.ts';
import { testRuns } from './model-check.ts';
import { weaveCommands } from './weave.ts';

testRuns('nor does one when random steps come between those that broke a mutant', async () => {
  const examples = await readCounterExamples();
  return weaveCommands(examples.map(({ commands }) => commands));
});
