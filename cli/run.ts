import { CommanderError } from 'commander';
import { translateAlias } from './aliases/aliases.ts';
import { EXIT, type ExitCode, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { makeProgram } from './program.ts';

/** Runs one command line, and answers its exit code. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  try {
    await makeProgram(io).parseAsync(translateAlias(argv), { from: 'user' });
    return EXIT.done;
  } catch (error) {
    return report(error, io);
  }
}

async function report(error: unknown, { stderr, interrupted }: Io): Promise<ExitCode> {
  // Commander has said what is wrong.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (interrupted.aborted) {
    await stderr.write('Interrupted.\n');
    return EXIT.refused;
  }
  if (!(error instanceof Failure)) throw error;
  await stderr.write(`${error.message}\n`);
  if (error.advice !== null) await stderr.write(`${error.advice}\n`);
  return error.exitCode;
}
