import type { Command } from './commands.ts';

/** Numbers that are easy to read, for times in ms and for counts. */
const PLAIN_NUMBERS = [
  0, 1, 100, 300, 1_000, 2_000, 3_000, 4_000, 5_000, 5_001, 10_000, 20_000, 31_000, 301_000,
];
/** The parts that a step cannot be without. */
const REQUIRED = new Set(['do', 'isolate', 'key', 'change', 'op', 'id', 'name', 'state', 'ms']);

/** Takes away steps and parts of steps, and makes numbers smaller, for as long as what is left still fails. */
export async function minimize(
  commands: readonly Command[],
  fails: (commands: readonly Command[]) => Promise<boolean>,
): Promise<readonly Command[]> {
  for (const simpler of simplify(commands)) if (await fails(simpler)) return minimize(simpler, fails);
  return commands;
}

function* simplify(commands: readonly Command[]): Generator<readonly Command[]> {
  for (const at of commands.keys()) yield commands.toSpliced(at, 1);
  for (const at of commands.keys()) yield* mergeWaits(commands, at);
  for (const [at, command] of commands.entries())
    for (const simpler of simplifyPart(command)) {
      // Nothing that a command requires has been taken away.
      yield commands.with(at, simpler as Command);
    }
}

function* mergeWaits(commands: readonly Command[], at: number): Generator<readonly Command[]> {
  const [first, second] = [commands[at], commands[at + 1]];
  if (first?.do === 'wait' && second?.do === 'wait')
    yield commands.toSpliced(at, 2, { do: 'wait', ms: first.ms + second.ms });
}

function* simplifyPart(part: object): Generator<object> {
  for (const [name, value] of Object.entries(part)) {
    if (!REQUIRED.has(name))
      yield Object.fromEntries(Object.entries(part).filter(([other]) => other !== name));
    if (name === 'id') continue;
    for (const simpler of simplifyValue(value)) yield { ...part, [name]: simpler };
  }
}

function* simplifyValue(value: unknown): Generator {
  if (typeof value === 'number') yield* PLAIN_NUMBERS.filter((plain) => plain < value);
  if (Array.isArray(value)) for (const at of value.keys()) yield value.toSpliced(at, 1);
  else if (typeof value === 'object' && value !== null) yield* simplifyPart(value);
}
