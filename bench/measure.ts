import { paced } from './pace.ts';

/** One of the things that are compared: one operation, given the number of its turn. */
export interface Side {
  readonly name: string;
  readonly op: (turn: number) => unknown;
  /** Whether each operation is awaited before the next. */
  readonly isAsync?: boolean;
}

/** How many ns an operation of each side took, round by round, so that ratios pair what ran side by side. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

/** Long enough for timers and for the host's own interruptions to weigh little, short enough for many rounds. */
const SLICE_MS = paced(10, 25);
const ROUNDS = paced(9, 41);
/** V8 has compiled and optimised whatever it will by then. */
const WARM_UP_MS = paced(150, 500);
const NS_PER_MS = 1e6;

/** Runs an operation so often, one after the other. */
export type Loop = (turns: number) => number | Promise<number>;

/** Where results go, so that no operation is dead code. */
const kept: { result: unknown } = { result: undefined };

/**
 * Times the sides in rounds: in each, every side runs one slice of the same length, the order turning around from round
 * to round. Absolute times drift with the host; only ratios within a round are worth comparing.
 */
export async function race(sides: readonly Side[]): Promise<Rounds> {
  const slices = [];
  for (const side of sides) slices.push({ name: side.name, loop: loopOf(side), turns: 1 });
  for (const slice of slices) slice.turns = await warmUp(slice.loop);
  const rounds = new Map<string, number[]>(sides.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, loop, turns } of round % 2 === 0 ? slices : slices.toReversed())
      rounds.get(name)?.push(await timeOf(loop, turns));
  }
  return rounds;
}

/** The median of what a side took, in ns per operation. */
export function medianNs(rounds: Rounds, name: string): number {
  return median(rounds.get(name) ?? []);
}

/** The median over the rounds of what `over` took, divided by what `under` took in the same round. */
export function ratioOf(rounds: Rounds, over: string, under: string): number {
  const unders = rounds.get(under) ?? [];
  return median((rounds.get(over) ?? []).map((ns, round) => ns / (unders[round] ?? Number.NaN)));
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[sorted.length % 2 ? middle : middle - 1],
    sorted[middle],
  ];
  return (low + high) / 2;
}

/**
 * A loop of the side's own. One loop for all would see the operations of all, and V8 could inline none of them; a function
 * made from text is another one each time.
 */
export function loopOf({ op, isAsync = false }: Side): Loop {
  const [wait, async] = isAsync ? ['await ', 'async '] : ['', ''];
  const body = `return ${async}(turns) => {
    for (let turn = 0; turn < turns; turn++) kept.result = ${wait}op(turn);
    return turns;
  }`;
  // oxlint-disable-next-line no-implied-eval, no-new-func -- the text is the one above
  return new Function('op', 'kept', body)(op, kept) as Loop;
}

async function timeOf(loop: Loop, turns: number): Promise<number> {
  const startedMs = performance.now();
  await loop(turns);
  return ((performance.now() - startedMs) * NS_PER_MS) / turns;
}

/** How many turns fill a slice, once the loop is as fast as it gets. */
async function warmUp(loop: Loop): Promise<number> {
  const endMs = performance.now() + WARM_UP_MS;
  let turns = 1;
  while (performance.now() < endMs) {
    const ns = await timeOf(loop, turns);
    turns = Math.max(1, Math.min(turns * 2, Math.round((SLICE_MS * NS_PER_MS) / ns)));
  }
  return turns;
}
