import { Argument, Command, Option } from 'commander';
import { openSession } from '../api/session.ts';
import { findTarget } from '../contexts/target.ts';
import { usageFailure } from '../failure.ts';
import type { Io } from '../io.ts';
import { makeOutput } from '../output/output.ts';
import type { AnyCommand } from './command.ts';
import type { Flag, Flags } from './flags.ts';
import { examplesOf } from './examples.ts';
import { outputFlags, serviceFlags } from './shared-flags.ts';

/** The last word of the name is the command; those before it are its nouns. */
export function buildCommand(spec: AnyCommand, io: Io): Command {
  const command = new Command(spec.name.split(' ').at(-1))
    .summary(spec.summary)
    .description(spec.summary)
    .helpOption('-h, --help', 'Print this.')
    .allowExcessArguments(false)
    .showHelpAfterError(`\`edge-accounts ${spec.name} --help\` explains it.`)
    .addHelpText('after', `\n${examplesOf(spec)}\n\nMore: ${spec.page}`);
  for (const [name, description] of Object.entries(spec.args)) {
    command.addArgument(new Argument(placeholderOf(spec, name), description));
  }
  for (const [name, flag] of Object.entries(flagsOf(spec))) command.addOption(toOption(name, flag));
  return command.action(() => runSpec(spec, command, io));
}

/** All options of a command, its own first. */
export function flagsOf(spec: AnyCommand): Flags {
  return { ...spec.flags, ...(spec.isLocal ? {} : serviceFlags), ...outputFlags };
}

async function runSpec(spec: AnyCommand, command: Command, io: Io): Promise<void> {
  const flags = command.opts();
  const output = makeOutput(io, flags);
  if (flags['json'] && flags['jsonl']) throw usageFailure('Give one of --json and --jsonl.');
  const args = Object.fromEntries(
    Object.keys(spec.args).map((name, at) => [name, String(command.processedArgs[at] ?? '')]),
  );
  const own = Object.entries(spec.flags).map(([name, { isNullable }]) => {
    const value: unknown = flags[name];
    // Commander itself turns null into an empty text.
    return [name, isNullable && value === '' ? null : value] as const;
  });
  await spec.run({
    args,
    flags: Object.fromEntries(own),
    output,
    io,
    session: async () => openSession(await findTarget(io, flags), io, output),
  });
}

/** An argument as the usage shows it. */
export function placeholderOf({ optional }: AnyCommand, name: string): string {
  return optional === name ? `[${dashed(name)}]` : `<${dashed(name)}>`;
}

/** The name of an option or an argument on the command line. */
export function dashed(name: string): string {
  return name.replaceAll(/[A-Z0-9]+/g, (letters, at: number) =>
    at === 0 || /\d/.test(letters) ? letters : `-${letters.toLowerCase()}`,
  );
}

export function spellingOf(name: string, { value, short }: Flag<unknown>): string {
  const long = `--${dashed(name)}`;
  return `${short ? `-${short}, ` : ''}${long}${value === null ? '' : ` <${value}>`}`;
}

function toOption(name: string, flag: Flag<unknown>): Option {
  const option = new Option(spellingOf(name, flag), descriptionOf(flag)).helpGroup(flag.group);
  if (flag.isRequired) option.makeOptionMandatory();
  if (flag.value === null) return option;
  option.argParser((text: string, before: unknown) => {
    const value = flag.parse(text);
    return flag.isMany ? [...((before as unknown[] | undefined) ?? []), value] : value;
  });
  return option;
}

export function descriptionOf({ description, choices, isRequired, isMany }: Flag<unknown>): string {
  const words = [
    description,
    ...(choices && choices[0] !== 'true' ? [`One of ${choices.join(', ')}.`] : []),
    ...(isMany ? ['May be given several times.'] : []),
    ...(isRequired ? ['Required.'] : []),
  ];
  return words.join(' ');
}
