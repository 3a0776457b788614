import type * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scaled, seed } from '../support/scale.ts';
import { codeUnderTest } from './code-under-test.ts';
import type { Command } from './commands.ts';
import { describeCommands } from './describe.ts';
import { type Engine, isOnServer, makeEngine } from './engine.ts';
import { search } from './search.ts';

/** Each part has a seed of its own, and stays far from the deadline of a test. */
const RUNS_PER_PART = scaled(80, 500);
/**
 * The number for a file: `SCHEDULES`, or what takes some minutes. A script takes the embedded engine five times as long
 * as a server, which has compiled it.
 */
const RUNS = scaled(RUNS_PER_PART, Number(process.env['SCHEDULES'] ?? (isOnServer ? 100_000 : 500)));

/** Tests that no run of such steps breaks the property. A file that does this has a thread of its own, and so a core. */
export function testRuns(
  fact: string,
  makeCommands: () => Promise<fc.Arbitrary<Command[]> | undefined>,
): void {
  let engine: Engine;
  beforeAll(async () => {
    engine = await makeEngine();
  });
  afterAll(() => engine.close());

  const parts = Array.from({ length: Math.ceil(RUNS / RUNS_PER_PART) }, (_, part) => part);
  test.each(parts)(`${fact}, part %i`, async (part) => {
    const commands = await makeCommands();
    const path = process.env['RUN_PATH'];
    const options = { runs: RUNS_PER_PART, seed: seed + part, path, ...(commands && { commands }) };
    const found = await search(engine, codeUnderTest, options);
    const steps = found && describeCommands(found.commands);
    expect(found && { ...found, steps, replay: `SEED=${found.seed} RUN_PATH=${found.path}` }).toBeNull();
  });
}
