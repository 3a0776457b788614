import { Command } from 'commander';
import { buildCommand } from './command/build.ts';
import { commands, nouns } from './commands.ts';
import type { Io } from './io.ts';
import { version } from './version.ts';

const AFTER = `
Every command takes --json, --jsonl, --quiet, --verbose and --help.
It asks the current context, or the service of EDGE_ACCOUNTS_URL with the key of EDGE_ACCOUNTS_KEY.

Exit codes: 0 done, 1 refused, 2 usage, 3 not found, 4 not allowed, 5 unavailable

More: docs/cli.md`;

/** The whole command line. */
export function makeProgram(io: Io): Command {
  const program = configure(new Command('edge-accounts'), io)
    .description('Does what an operator of Edge Accounts does all day.')
    .version(version, '-V, --version', 'Print the version.')
    .addHelpText('after', AFTER);
  const groups = new Map(
    Object.entries(nouns).map(([noun, summary]) => {
      const group = configure(new Command(noun), io).summary(summary).description(summary);
      program.addCommand(group);
      return [noun, group];
    }),
  );
  for (const spec of commands) {
    const [first = '', second] = spec.name.split(' ');
    const parent = second === undefined ? program : groups.get(first);
    if (!parent) throw new Error(`${first} is no noun`);
    parent.addCommand(configure(buildCommand(spec, io), io));
  }
  return program;
}

/** No part of it ends the process or writes past the sinks. */
function configure(command: Command, { stdout, stderr }: Io): Command {
  return command
    .exitOverride()
    .helpCommand(false)
    .helpOption('-h, --help', 'Print this.')
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
      outputError: (text, write) => write(sentenceOf(text)),
    });
}

/** Commander begins its complaints with `error:`, and the other sentences of the command line do not. */
function sentenceOf(text: string): string {
  const sentence = text.replace(/^error: /, '').trimEnd();
  const ended = /[.?!]\)?$/.test(sentence) ? sentence : `${sentence}.`;
  return `${ended.charAt(0).toUpperCase()}${ended.slice(1)}\n`;
}
