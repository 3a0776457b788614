import type * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scaled, seed } from '../support/scale.ts';
import { codeUnderTest } from './code-under-test.ts';
import type { Command } from './commands.ts';
import { readCounterExamples } from './counter-examples.ts';
import { describeCommands } from './describe.ts';
import { type Engine, makeEngine } from './engine.ts';
import { search } from './search.ts';
import { weaveCommands } from './weave.ts';

const runs = scaled(80, 5_000);

let engine: Engine;
beforeAll(async () => {
  engine = await makeEngine();
});
afterAll(() => engine.close());

async function expectNothing(commands?: fc.Arbitrary<Command[]>): Promise<void> {
  const path = process.env['RUN_PATH'];
  const found = await search(engine, codeUnderTest, { runs, seed, path, ...(commands && { commands }) });
  const steps = found && describeCommands(found.commands);
  expect(found && { ...found, steps, replay: `SEED=${found.seed} RUN_PATH=${found.path}` }).toBeNull();
}

test('no read lacks a write that was due to it, whatever interleaves and whatever fails', () =>
  expectNothing());

test('nor does one when random steps come between those that broke a mutant', async () => {
  const examples = await readCounterExamples();
  await expectNothing(weaveCommands(examples.map(({ commands }) => commands)));
});
