import { afterAll, beforeAll, expect, test } from 'vitest';
import { scaled, seed } from '../scale.ts';
import { codeUnderTest } from './code-under-test.ts';
import { describeCommands } from './describe.ts';
import { type Engine, makeEngine } from './engine.ts';
import { search } from './search.ts';

const runs = scaled(300, 10_000);
const msPerRun = 200;

let engine: Engine;
beforeAll(async () => {
  engine = await makeEngine();
});
afterAll(() => engine.close());

test(
  'no read lacks a write that was due to it, whatever interleaves and whatever fails',
  async () => {
    const found = await search(engine, codeUnderTest, { runs, seed, path: process.env['RUN_PATH'] });
    const steps = found && describeCommands(found.commands);
    expect(found && { ...found, steps, replay: `SEED=${found.seed} RUN_PATH=${found.path}` }).toBeNull();
  },
  60_000 + runs * msPerRun,
);
