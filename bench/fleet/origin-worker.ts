import type { Cache } from '../../src/cache/cache.ts';
import type { Trace } from '../../src/cache/look-up.ts';
import type { LogNews, LogQuestion, LogReader } from '../../src/cache/shared/invalidation-log.ts';
import type { SharedRead } from '../../src/cache/shared/shared-store.ts';
import { type Isolate, makeSlot } from './isolates.ts';
import type { ServiceTime } from './network.ts';
import { makeRandom } from './random.ts';
import { account, type Reach } from './requests.ts';
import { STREAM, surroundingsOf, type World } from './world.ts';

/** A Worker beside the stores that reads for the isolates elsewhere. */
export interface OriginWorkerConfig {
  readonly isolates: number;
  /** The round trip from it to either store, in ms. */
  readonly storeTripMs: number;
  /** Its own time for a call, without the stores'. */
  readonly own: ServiceTime;
  /** The time after which the caller asks Postgres itself. */
  readonly callDeadlineMs: number;
}

/** Assumed, apart from the distance: docs/fleet.md has its source. */
export const PLACED: OriginWorkerConfig = {
  isolates: 8,
  storeTripMs: 2,
  own: { medianMs: 1, p99Ms: 10 },
  callDeadlineMs: 2_000,
};

/** Memory of that size keeps no answer. */
const NO_BYTES = 1;

/**
 * Makes the way of a request to the stores by the origin Worker. The isolate reads through memory and its loads under
 * way as ever; a call takes the place of what lies below. The call reads through the stores with the code of the
 * product, without a memory, and joins no load, so that no answer is older than the call. It brings the news of the log
 * since the caller's cursor.
 */
export function makeReach(world: World, { own, callDeadlineMs, ...settings }: OriginWorkerConfig): Reach {
  const { remote, time } = world;
  const { now } = time.clock;
  const originWorker = makeOriginWorker(world, settings);
  return ({ cache }, { tripMs }, id, trace): Cache => {
    const { validation } = cache.memory;
    const call = async <T>(handle: (log: LogReader | null) => Promise<T>): Promise<T> => {
      if (!validation) return remote.call(own, tripMs, () => handle(null));
      const heard = listen(validation.ask(now()));
      const reply = await remote.call(own, tripMs, () => handle(heard));
      heard.tell(validation, now());
      return reply;
    };
    return {
      ...cache,
      settings: { ...cache.settings, redisDeadlineMs: callDeadlineMs },
      shared: {
        ...cache.shared,
        read: () => call((log) => originWorker.read(id, trace, log)),
        follow: () => call((log) => originWorker.follow(log)),
      },
    };
  };
}

/** Asks on behalf of a caller, and keeps the latest news for it. */
function listen(question: LogQuestion): LogReader & { tell(reader: LogReader, nowMs: number): void } {
  let latest: LogNews | undefined;
  return {
    ask: () => question,
    learn: (_question, news) => void (latest = news),
    tell: (reader, nowMs) => latest && reader.learn(question, latest, nowMs),
  };
}

interface OriginWorker {
  read(id: number, callerTrace: Trace, log: LogReader | null): Promise<SharedRead>;
  follow(log: LogReader | null): Promise<void>;
}

function makeOriginWorker(
  world: World,
  { isolates, storeTripMs }: Pick<OriginWorkerConfig, 'isolates' | 'storeTripMs'>,
): OriginWorker {
  const { config, parts, time } = world;
  const random = makeRandom(config.seed, STREAM.originWorker);
  const around = surroundingsOf(world, storeTripMs);
  const memory = { ...around.memory, maxBytes: NO_BYTES, lifeMs: 0 };
  const slots = Array.from({ length: isolates }, () =>
    makeSlot({ ...around, memory, lives: config.lives, onBirth() {}, random }),
  );
  const anyIsolate = (): Isolate => {
    const isolate = slots[Math.floor(random.uniform() * isolates)]?.serve(time.clock.now());
    if (!isolate) throw new Error('an origin Worker without isolates');
    return isolate;
  };
  return {
    async read(id, callerTrace, log) {
      const isolate = anyIsolate();
      const cache = { ...isolate.cache, shared: isolate.sharedFor(log) };
      const lookUp = { ...account, key: account.key(id), load: () => account.load({ world, isolate }, id) };
      const start = {
        sentAtMs: time.clock.now(),
        order: cache.memory.invalidations.nextOrder(),
        asOf: undefined,
      };
      const trace: Trace = {};
      const { value, tags, asOf, validAtN, freshMs } = await parts.loadEntry(cache, lookUp, { trace }, start);
      if (!asOf) throw new Error('Redis did not answer the origin Worker beside it');
      if (trace.origin) callerTrace.origin = trace.origin;
      const entry = { payload: JSON.stringify(value), tags, asOf, freshMsLeft: freshMs };
      return { status: 'hit', entry, validAt: { ...asOf, n: validAtN } };
    },
    follow: (log) => anyIsolate().sharedFor(log).follow(),
  };
}
