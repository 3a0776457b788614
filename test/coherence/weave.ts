import * as fc from 'fast-check';
import { randomCommands } from './arbitrary.ts';
import type { Command } from './commands.ts';

/** Runs of steps around those of the runs given: what went wrong once is looked at from all sides. */
export function weaveCommands(known: readonly (readonly Command[])[]): fc.Arbitrary<Command[]> {
  return fc
    .tuple(fc.constantFrom(...known), randomCommands, fc.array(fc.nat()))
    .map(([steps, others, places]) =>
      places.reduce<Command[]>(
        (woven, place, at) => woven.toSpliced(place % (woven.length + 1), 0, ...others.slice(at, at + 1)),
        [...steps],
      ),
    );
}
