import { median, type Rounds } from '../measure.ts';
import { paced } from '../pace.ts';
import { bodyOf, openRaw, type RawConnection, type RawRequest } from './raw-client.ts';

/** One of the compared servers, with the requests that it answers. Its connections take turns with them. */
export interface ServedSide {
  readonly name: string;
  readonly requests: readonly [RawRequest, ...RawRequest[]];
}

/** A connection, and the one request that it sends again and again. */
interface Asker {
  readonly connection: RawConnection;
  readonly bytes: Buffer;
}

/** The waits of a side's callers in µs, by round. */
export interface Waits {
  readonly p50Us: readonly number[];
  readonly p99Us: readonly number[];
}

const SLICE_MS = paced(400, 1_000);
const ROUNDS = paced(5, 15);
const WARM_UP_MS = paced(1_000, 3_000);
/** Enough connections that a server never waits for callers, and few enough that no queue of ours is measured. */
export const CONNECTIONS = 8;
const NS_PER_MS = 1e6;
const US_PER_MS = 1_000;
const [MIDDLE, TAIL] = [0.5, 0.99];

/**
 * The ns that the server took for each request under full load, by round. In each round every side gets one slice of
 * time, and the order turns around.
 */
export function raceServed(sides: readonly ServedSide[]): Promise<Rounds> {
  return inRounds(sides, async (askers) => {
    const { answered, ms } = await askFor(askers, SLICE_MS);
    return (ms * NS_PER_MS) / answered;
  });
}

/**
 * The waits of callers when each side is asked at the same rate, in rounds as above. A wait begins when its request was
 * due.
 */
export async function raceWaits(
  sides: readonly ServedSide[],
  ratePerS: number,
): Promise<ReadonlyMap<string, Waits>> {
  const waits = new Map(sides.map(({ name }) => [name, { p50Us: [] as number[], p99Us: [] as number[] }]));
  await inRounds(sides, async (askers, { name }) => {
    const sorted = (await askAtRate(askers, ratePerS)).sort((a, b) => a - b);
    waits.get(name)?.p50Us.push(quantile(sorted, MIDDLE));
    waits.get(name)?.p99Us.push(quantile(sorted, TAIL));
    return median(sorted);
  });
  return waits;
}

/** The body of a side's answer. */
export async function bodyFrom({ requests: [request] }: ServedSide): Promise<string> {
  const connection = await openRaw(request.port);
  try {
    return bodyOf(await connection.send(request.bytes));
  } finally {
    connection.close();
  }
}

async function inRounds(
  sides: readonly ServedSide[],
  slice: (askers: readonly Asker[], side: ServedSide) => Promise<number>,
): Promise<Rounds> {
  const rounds = new Map<string, number[]>(sides.map(({ name }) => [name, []]));
  for (const side of sides) await withConnections(side, (askers) => askFor(askers, WARM_UP_MS));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed())
      rounds.get(side.name)?.push(await withConnections(side, (askers) => slice(askers, side)));
  }
  return rounds;
}

/**
 * Each slice opens its connections anew: workerd closes those that are idle for 5 s during the slices of the others.
 */
async function withConnections<T>(
  side: ServedSide,
  use: (askers: readonly Asker[]) => Promise<T>,
): Promise<T> {
  const askers = await openAll(side);
  try {
    return await use(askers);
  } finally {
    for (const { connection } of askers) connection.close();
  }
}

function openAll({ requests }: ServedSide): Promise<Asker[]> {
  return Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, at) => {
      const { port, bytes } = requests[at % requests.length] ?? requests[0];
      return { connection: await openRaw(port), bytes };
    }),
  );
}

async function askFor(askers: readonly Asker[], forMs: number) {
  const startedMs = performance.now();
  let answered = 0;
  const ask = async ({ connection, bytes }: Asker): Promise<void> => {
    while (performance.now() < startedMs + forMs) {
      await connection.send(bytes);
      answered += 1;
    }
  };
  await Promise.all(askers.map(ask));
  return { answered, ms: performance.now() - startedMs };
}

/**
 * The waits in µs. The loop reads the clock after every turn of the event loop: timers are a hundred times as coarse.
 */
async function askAtRate(askers: readonly Asker[], ratePerS: number): Promise<number[]> {
  const idle = [...askers];
  const waits: Promise<number>[] = [];
  const startedMs = performance.now();
  const total = Math.round((ratePerS * SLICE_MS) / 1_000);
  while (waits.length < total) {
    const dueMs = startedMs + (waits.length * 1_000) / ratePerS;
    const asker = performance.now() < dueMs ? undefined : idle.pop();
    if (asker) waits.push(waitOf(asker, dueMs).finally(() => idle.push(asker)));
    else await new Promise(setImmediate);
  }
  return Promise.all(waits);
}

async function waitOf({ connection, bytes }: Asker, dueMs: number): Promise<number> {
  await connection.send(bytes);
  return (performance.now() - dueMs) * US_PER_MS;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
