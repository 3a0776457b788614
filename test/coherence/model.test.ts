import * as fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { scaled, seed } from '../scale.ts';
import { commandsArbitrary } from './commands.ts';
import { type Engine, makeEngine } from './engine.ts';
import { runCommands } from './run-commands.ts';

const runs = scaled(300, 10_000);
const msPerRun = 200;

let engine: Engine;
beforeAll(async () => {
  engine = await makeEngine();
});
afterAll(() => engine.close());

test(
  'no read is older than what was due to it, whatever interleaves and whatever fails',
  async () => {
    const property = fc.asyncProperty(commandsArbitrary, (commands) => runCommands(engine, commands));
    await fc.assert(property, { numRuns: runs, seed });
  },
  60_000 + runs * msPerRun,
);
