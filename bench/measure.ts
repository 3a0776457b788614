import { paced } from './pace.ts';

/** One of the compared operations. It gets the number of its turn. */
export interface Side {
  readonly name: string;
  readonly op: (turn: number) => unknown;
  /** True when each operation must be awaited before the next. */
  readonly isAsync?: boolean;
}

/** The ns that an operation of each side took, by round. Ratios pair the sides of one round, which ran side by side. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

/** A slice is long enough to outweigh timers and interruptions by the host, and short enough for many rounds. */
const SLICE_MS = paced(10, 25);
const ROUNDS = paced(9, 41);
/** V8 has compiled and optimised the operations by then. */
const WARM_UP_MS = paced(150, 500);
const NS_PER_MS = 1e6;

/** Runs an operation so many times in sequence. */
export type Loop = (turns: number) => number | Promise<number>;

/** Results are stored here, so that V8 removes no operation as dead code. */
const kept: { result: unknown } = { result: undefined };

/**
 * Times the sides in rounds. In each round every side runs one slice of the same length, and the order turns around
 * from round to round. Absolute times drift with the host; compare only ratios within a round.
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

/** The median of a side's times, in ns per operation. */
export function medianNs(rounds: Rounds, name: string): number {
  return median(rounds.get(name) ?? []);
}

/** The median over the rounds of the ratio of `over` to `under` in the same round. */
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
 * Makes a loop for one side. A shared loop would see the operations of all sides, and V8 could inline none of them. A
 * function made from text is a new one each time.
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

/** The number of turns that fill a slice once the loop is as fast as it gets. */
async function warmUp(loop: Loop): Promise<number> {
  const endMs = performance.now() + WARM_UP_MS;
  let turns = 1;
  while (performance.now() < endMs) {
    const ns = await timeOf(loop, turns);
    turns = Math.max(1, Math.min(turns * 2, Math.round((SLICE_MS * NS_PER_MS) / ns)));
  }
  return turns;
}
