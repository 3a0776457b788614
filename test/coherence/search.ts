import * as fc from 'fast-check';
import { randomCommands } from './arbitrary.ts';
import type { CodeUnderTest } from './code-under-test.ts';
import type { Command } from './commands.ts';
import type { Engine } from './engine.ts';
import { minimize } from './minimize.ts';
import { runCommands } from './run-commands.ts';

export interface Found {
  readonly commands: readonly Command[];
  readonly violation: string;
  /** Replays the run as it was found, before anything was taken away. */
  readonly seed: number;
  readonly path: string;
}

export interface SearchOptions {
  readonly runs: number;
  readonly seed: number;
  readonly path?: string | undefined;
  /** Generates the steps of a run; random steps by default. */
  readonly commands?: fc.Arbitrary<Command[]>;
}

/** Looks for a run that breaks the property, and makes it as short as it gets; null if there was none. */
export async function search(
  engine: Engine,
  code: CodeUnderTest,
  options: SearchOptions,
): Promise<Found | null> {
  const { counterexample, counterexamplePath } = await firstFailure(engine, code, options);
  if (!counterexample) return null;
  return {
    ...(await shorten(engine, counterexample[0], code)),
    seed: options.seed,
    path: counterexamplePath,
  };
}

/** Whether one of the runs breaks the property. */
export async function breaksIn(
  engine: Engine,
  code: CodeUnderTest,
  options: SearchOptions,
): Promise<boolean> {
  return (await firstFailure(engine, code, options)).failed;
}

function firstFailure(
  engine: Engine,
  code: CodeUnderTest,
  { runs, seed, path, commands = randomCommands }: SearchOptions,
): Promise<fc.RunDetails<[Command[]]>> {
  const property = fc.asyncProperty(commands, (steps) => runCommands(engine, steps, code));
  // The caller makes the steps of a finding fewer and shorter.
  return fc.check(property, { numRuns: runs, seed, endOnFailure: true, ...(path && { path }) });
}

/** The least of these steps that still breaks the property. */
async function shorten(
  engine: Engine,
  failing: readonly Command[],
  code: CodeUnderTest,
): Promise<Pick<Found, 'commands' | 'violation'>> {
  const fails = async (commands: readonly Command[]) => (await violationOf(engine, commands, code)) !== null;
  const commands = await minimize(failing, fails);
  return { commands, violation: (await violationOf(engine, commands, code)) ?? '' };
}

/** Runs these steps. Answers the violation, or null. */
export async function violationOf(
  engine: Engine,
  commands: readonly Command[],
  code: CodeUnderTest,
): Promise<string | null> {
  try {
    await runCommands(engine, commands, code);
    return null;
  } catch (error) {
    const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return first;
  }
}
