// Counts the bytes that each side of the module in its argument allocates, and prints them as JSON; see allocation.ts.
import { pathToFileURL } from 'node:url';
import type { SidesModule } from './allocation.ts';
import { type Loop, loopOf, median, type Side } from './measure.ts';

/** V8 has optimised the operation by then. The slowest operation takes some µs. */
const WARM_UP_TURNS = 100_000;
/** At this number a compilation or the growth of a table, which no operation causes, rounds to nothing. */
const MOST_TURNS = 200_000;
/** At this number the young generation still holds everything that the operations leave behind. */
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
