// Counts what the sides of the module in its argument allocate, and prints it as JSON; see allocation.ts.
import { pathToFileURL } from 'node:url';
import type { SidesModule } from './allocation.ts';
import { type Loop, loopOf, median, type Side } from './measure.ts';

/** V8 has optimised by then; the slowest of the operations takes some µs. */
const WARM_UP_TURNS = 100_000;
/** So many that what is not an operation's own, such as a compilation or the growth of a table, rounds to nothing. */
const MOST_TURNS = 200_000;
/** And so few that the young generation holds what they leave behind. */
const MOST_BYTES = 2 ** 26;
const ESTIMATE_TURNS = 1_000;
const COUNTS = 5;

async function countBytesOf(side: Side): Promise<number> {
  const loop = loopOf(side);
  await loop(WARM_UP_TURNS);
  const estimate = Math.max(1, await countOnce(loop, ESTIMATE_TURNS));
  const turns = Math.round(Math.min(MOST_TURNS, MOST_BYTES / estimate));
  const counts: number[] = [];
  for (let count = 0; count < COUNTS; count++) counts.push(await countOnce(loop, turns));
  return Math.round(median(counts));
}

async function countOnce(loop: Loop, turns: number): Promise<number> {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  await loop(turns);
  return (process.memoryUsage().heapUsed - before) / turns;
}

const { makeSides } = (await import(pathToFileURL(process.argv[2] ?? '').href)) as SidesModule;
const counted: [string, number][] = [];
for (const side of await makeSides()) counted.push([side.name, await countBytesOf(side)]);
console.log(JSON.stringify(counted));
process.exit();
