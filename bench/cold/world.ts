import { type Delay, makeTimeline, type Timeline } from '../../test/coherence/timeline.ts';

/** The row that all readers read. */
export interface Row {
  readonly id: number;
  readonly revision: number;
}

/** The store that instances share. It answers in virtual time, and counts. */
export interface Tier {
  readonly requests: number;
  /** The number of requests whose reply has arrived. */
  readonly replies: number;
  /** Runs the work in the store as one request. */
  ask<T>(work: () => T | Promise<T>): Promise<T>;
}

/** The origin behind all caches, with one row. */
export interface Origin {
  readonly loads: number;
  /** Resolves after the delay to the row as it was at the time of the call. */
  load(): Promise<Row>;
  /** Changes the row, which has another revision from then on. */
  commit(): void;
}

/** A second tier and an origin of one side, in virtual time. */
export interface World {
  readonly timeline: Timeline;
  readonly tier: Tier;
  readonly origin: Origin;
}

/** A process with a cache: its memory, and the means by which its reads share a load. */
export interface Instance {
  /** The library's usual read-through call. */
  read(): Promise<Row>;
  /** Commits a change of the row, then invalidates as the library documents it. */
  write(): Promise<unknown>;
}

/** Instances that share one second tier. */
export interface Cluster {
  start(): Instance | Promise<Instance>;
  close(): Promise<unknown>;
}

/** One of the compared caches. */
export interface Side {
  readonly name: string;
  open(world: World): Promise<Cluster>;
}

export const ID = 3;
export const KEY = `user:${ID}`;
/** A lifetime that outlasts any run, so that nothing expires. */
export const TTL_MS = 3_600_000;
/** The time to the store or back. A request takes it twice. */
const TRIP_MS = 1;
/** Seconds of real time, for sides that compute off the main thread. */
const LIMIT_MS = 1_000_000;

function makeWorld(loadMs: Delay): World {
  const timeline = makeTimeline();
  const pass = (delay: Delay): Promise<void> =>
    new Promise((resolve) => {
      timeline.after(delay, resolve);
    });
  const tier = { requests: 0, replies: 0 };
  const origin = { loads: 0, revision: 1 };
  return {
    timeline,
    tier: Object.assign(tier, {
      async ask<T>(work: () => T | Promise<T>): Promise<T> {
        tier.requests += 1;
        const answer = await doneAfter(timeline, TRIP_MS, work);
        await pass(TRIP_MS);
        tier.replies += 1;
        return answer;
      },
    }),
    origin: Object.assign(origin, {
      async load(): Promise<Row> {
        origin.loads += 1;
        const row = { id: ID, revision: origin.revision };
        await pass(loadMs);
        return row;
      },
      commit: () => void (origin.revision += 1),
    }),
  };
}

// Virtual time stands still while an engine works.
function doneAfter<T>(timeline: Timeline, ms: number, work: () => T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    timeline.after(ms, async () => {
      try {
        resolve(await work());
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Moves time on until the promise has settled. */
export async function settled<T>({ timeline }: World, promise: Promise<T>): Promise<T> {
  const state = { isSettled: false };
  const mark = (): void => void (state.isSettled = true);
  promise.then(mark, mark);
  for (let ms = 0; ms < LIMIT_MS; ms += 1) {
    if (state.isSettled) return promise;
    await timeline.advance(1);
  }
  throw new Error('no answer, ever');
}

/**
 * Opens a cluster of the side in a world of its own. `Date.now` follows virtual time meanwhile, because the peers read
 * it.
 */
export async function within<T>(
  side: Side,
  loadMs: Delay,
  act: (world: World, cluster: Cluster) => Promise<T>,
): Promise<T> {
  const world = makeWorld(loadMs);
  const cluster = await side.open(world);
  const { now } = Date;
  const startMs = now() - world.timeline.now();
  Date.now = () => startMs + world.timeline.now();
  try {
    return await act(world, cluster);
  } finally {
    Date.now = now;
    await cluster.close();
  }
}
