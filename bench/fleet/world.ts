import { loadEntry } from '../../src/cache/loads/load-entry.ts';
import { makeMemory } from '../../src/cache/memory/memory.ts';
import type { LogReader } from '../../src/cache/shared/invalidation-log.ts';
import type { FleetConfig } from './config.ts';
import { makeLine } from './connections.ts';
import type { Surroundings } from './isolates.ts';
import { makeRecorder, type Recorder } from './measures.ts';
import { makeDistantStore } from './distant-store.ts';
import { makeRemote, type Remote } from './network.ts';
import { makeOrigin, type Origin } from './origin.ts';
import { makeRandom, type Random } from './random.ts';
import { makeSharedModel, type SharedModel } from './redis/shared-model.ts';
import { FRESH_MS, STALE_MS } from './steady-state.ts';
import { makeVirtualTime, type VirtualTime } from './virtual-time.ts';

/** Parts of the product that a test replaces by broken ones. */
export interface Parts {
  readonly makeMemory: typeof makeMemory;
  /** Answers a call to the origin Worker. */
  readonly loadEntry: typeof loadEntry;
}

export const PRODUCT: Parts = { makeMemory, loadEntry };

/** All that the isolates of one run share. */
export interface World {
  readonly config: FleetConfig;
  readonly parts: Parts;
  readonly time: VirtualTime;
  readonly remote: Remote;
  readonly model: SharedModel;
  readonly origin: Origin;
  readonly recorder: Recorder;
  readonly traffic: Random;
  /** The first fault; it ends the run. */
  fault?: unknown;
}

const EPOCH = 'f1ee7f1ee7f1ee70';
const LEASE_MS = 2_000;
const ORIGIN_DEADLINE_MS = 5_000;
const ABSENT_FRESH_MS = 30_000;
const silentLog = { info() {}, warn() {}, error() {} };
/** Each part of the model has a stream of random numbers of its own, so that its draws do not change the others'. */
export const STREAM = { traffic: 1, network: 2, isolates: 3, entries: 4, originWorker: 5 };

export function makeWorld(config: FleetConfig, parts: Parts): World {
  const time = makeVirtualTime();
  const { now } = time.clock;
  return {
    config,
    parts,
    time,
    remote: makeRemote(time, makeRandom(config.seed, STREAM.network), config.network.tripSpread),
    model: makeSharedModel(now, EPOCH, LEASE_MS),
    origin: makeOrigin(now, config.payloadBytes),
    recorder: makeRecorder(),
    traffic: makeRandom(config.seed, STREAM.traffic),
  };
}

/** The stores, the settings and the clock for isolates at that distance from the stores. */
export function surroundingsOf(
  world: World,
  tripMs: number,
): Pick<Surroundings, 'makeMemory' | 'memory' | 'connect'> {
  const { config, model, origin, parts, recorder, remote, time } = world;
  const lineTo = (service: typeof config.network.redis) =>
    makeLine(time.clock, remote, config.connections, service, tripMs);
  const told = tellsOrigin(model, origin);
  return {
    makeMemory: parts.makeMemory,
    memory: {
      maxBytes: config.memoryMaxBytes,
      ttlMs: config.memoryTtlMs,
      lifeMs: config.memoryLifeMs,
      deadlineMs: config.originWorker?.callDeadlineMs ?? config.redisDeadlineMs,
    },
    connect() {
      const [redis, postgres] = [lineTo(config.network.redis), lineTo(config.network.postgres)];
      const outside = {
        ...foundations(world),
        origin: { probe: () => postgres(() => 1), isAway: () => true },
      };
      const sharedFor = (log: LogReader | null) => makeDistantStore(told, recorder, time.clock, redis, log);
      return { outside, postgres, sharedFor };
    },
  };
}

function foundations(world: World) {
  const { config, time } = world;
  return {
    settings: {
      freshMs: FRESH_MS,
      staleMs: STALE_MS,
      absentFreshMs: ABSENT_FRESH_MS,
      redisDeadlineMs: config.redisDeadlineMs,
      originDeadlineMs: ORIGIN_DEADLINE_MS,
    },
    clock: time.clock,
    log: silentLog,
    waitUntil: (promise: Promise<unknown>) => void promise.catch((error: unknown) => (world.fault ??= error)),
  };
}

function tellsOrigin(model: SharedModel, origin: Origin): SharedModel {
  return {
    ...model,
    invalidate(tags) {
      origin.noteInvalidated(tags);
      return model.invalidate(tags);
    },
  };
}
