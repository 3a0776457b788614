import type { Cache } from '../../src/cache/cache.ts';
import type { LookUpDefinition, Trace } from '../../src/cache/look-up.ts';
import { drain } from '../../src/cache/drain.ts';
import { invalidate } from '../../src/cache/invalidate.ts';
import { makeMemory } from '../../src/cache/memory.ts';
import { readThrough } from '../../src/cache/read-through.ts';
import type { FleetConfig } from './config.ts';
import { makeCache, makeSlot, type Slot, type Surroundings } from './isolates.ts';
import { makeRecorder, type Measures, type Recorder } from './measures.ts';
import { makeDistantStore, makeRemote, type Remote } from './network.ts';
import { type Account, makeOrigin, type Origin, tagsOf } from './origin.ts';
import { makeOrigins, makePlacePicker, makePlaces, type Place } from './places.ts';
import { makeRandom, type Random } from './random.ts';
import { makeSharedModel, type SharedModel } from './shared-model.ts';
import { FRESH_MS, makeEntryAges, STALE_MS } from './steady-state.ts';
import { makeVirtualTime, type VirtualTime } from './virtual-time.ts';
import { makeZipf } from './zipf.ts';

/** A reader got an answer that is older than the bound allows. */
export class StalenessBoundBroken extends Error {
  override readonly name = 'StalenessBoundBroken';
}

/** A data centre with its isolates. */
interface Site {
  readonly place: Place;
  readonly slots: readonly Slot[];
}

interface World {
  readonly config: FleetConfig;
  readonly time: VirtualTime;
  readonly remote: Remote;
  readonly model: SharedModel;
  readonly origin: Origin;
  readonly recorder: Recorder;
  readonly traffic: Random;
  readonly makeMemory: typeof makeMemory;
  /** The first fault; it ends the run. */
  fault?: unknown;
}

const EPOCH = 'f1ee7f1ee7f1ee70';
const LEASE_MS = 2_000;
const ORIGIN_DEADLINE_MS = 5_000;
const ABSENT_FRESH_MS = 30_000;
/** The duration of a due drain: a few trips of one place near the stores. */
const DRAIN_SLACK_MS = 1_000;
const silentLog = { info() {}, warn() {}, error() {} };
/** Each part of the model has a stream of random numbers of its own, so that its draws do not change the others'. */
const STREAM = { traffic: 1, network: 2, isolates: 3, entries: 4 };

/**
 * Runs the fleet in virtual time and counts. The same configuration gives the same counts. Throws
 * `StalenessBoundBroken` as soon as a reader gets an answer beyond the bound.
 */
export async function runFleet(config: FleetConfig, parts = { makeMemory }): Promise<Measures> {
  const world = makeWorld(config, parts.makeMemory);
  const { time, recorder, traffic } = world;
  const sites = makePlaces(config.places, config.isolates).map((place) => makeSite(world, place));
  const arrive = makeArrivals(world, sites);
  startDrains(world, sites);
  const startMs = time.clock.now();
  const endMs = startMs + config.warmUpMs + config.countedMs;
  const perSecond = config.readsPerS * (1 + 1 / config.readsPerWrite);
  for (;;) {
    const dueMs = time.clock.now() + traffic.exponential(1_000 / perSecond);
    if (dueMs >= endMs) break;
    await time.advanceTo(dueMs);
    recorder.isCounting = dueMs >= startMs + config.warmUpMs;
    await arrive();
    if (world.fault !== undefined) throw world.fault;
  }
  return recorder.result();
}

function makeWorld(config: FleetConfig, memory: typeof makeMemory): World {
  const time = makeVirtualTime();
  const { now } = time.clock;
  return {
    config,
    time,
    remote: makeRemote(time, makeRandom(config.seed, STREAM.network), config.network.tripSpread),
    model: makeSharedModel(now, EPOCH, LEASE_MS),
    origin: makeOrigin(now, config.payloadBytes),
    recorder: makeRecorder(),
    traffic: makeRandom(config.seed, STREAM.traffic),
    makeMemory: memory,
  };
}

function makeSite(world: World, place: Place): Site {
  const { config, recorder } = world;
  const around: Surroundings = {
    ...surroundingsOf(world, place.tripMs),
    lives: config.lives,
    onBirth: () => recorder.birth(),
    random: makeRandom(config.seed, STREAM.isolates + place.tripMs),
  };
  return { place, slots: Array.from({ length: place.isolates }, () => makeSlot(around)) };
}

function surroundingsOf(
  world: World,
  tripMs: number,
): Pick<Surroundings, 'makeMemory' | 'memory' | 'outside'> {
  const { config, model, recorder, remote, time } = world;
  const outside: Surroundings['outside'] = {
    shared: makeDistantStore(tellsOrigin(model, world.origin), recorder.command, (run) =>
      remote(config.network.redis, tripMs, run),
    ),
    origin: { probe: () => remote(config.network.postgres, tripMs, () => 1), isAway: () => true },
    settings: {
      freshMs: FRESH_MS,
      staleMs: STALE_MS,
      absentFreshMs: ABSENT_FRESH_MS,
      redisDeadlineMs: config.redisDeadlineMs,
      originDeadlineMs: ORIGIN_DEADLINE_MS,
    },
    clock: time.clock,
    log: silentLog,
    waitUntil: (promise) => void promise.catch((error: unknown) => (world.fault ??= error)),
  };
  const memory = { maxBytes: config.memoryMaxBytes, ttlMs: config.memoryTtlMs };
  return { makeMemory: world.makeMemory, memory, outside };
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

/** Runs the requests in the order of their arrival. Each is a read or a write of one account in one isolate. */
function makeArrivals(world: World, sites: readonly Site[]): () => Promise<void> {
  const { config, time, traffic } = world;
  const accounts = makeZipf(config.accounts, config.zipfExponent);
  const picker = makePlacePicker(sites.map(({ place }) => place));
  const placeOf = makeOrigins(picker, config.homeShare, config.seed);
  const plant = makePlanter(world);
  return async () => {
    const id = accounts.draw(traffic);
    const site = sites[placeOf(id, traffic)];
    const slot = site?.slots[Math.floor(traffic.uniform() * site.slots.length)];
    if (!site || !slot) throw new Error('a place without an isolate');
    plant(id);
    const isWrite = traffic.uniform() * (config.readsPerWrite + 1) < 1;
    const cache = slot.serve(time.clock.now());
    if (isWrite) write(world, cache, site.place, id);
    else await read(world, cache, site.place, id);
  };
}

// Redis begins as full as it would be after a long run. Each account is planted at its first read.
function makePlanter({ config, model, origin, time }: World): (id: number) => void {
  const ageOf = makeEntryAges(config, makeRandom(config.seed, STREAM.entries));
  const isKnown = new Uint8Array(config.accounts + 1);
  const life = { freshMs: FRESH_MS, staleMs: STALE_MS };
  return (id) => {
    if (isKnown[id] === 1) return;
    isKnown[id] = 1;
    const ageMs = ageOf(id);
    if (ageMs === undefined) return;
    const entry = { payload: JSON.stringify(origin.select(id)), tags: tagsOf(id), ...life };
    model.plant(keyOf(id), time.clock.now() - ageMs, entry);
  };
}

function keyOf(id: number): string {
  return `account:${id}`;
}

async function read(world: World, cache: Cache, place: Place, id: number): Promise<void> {
  const { recorder, time } = world;
  const startedMs = time.clock.now();
  const trace: Trace = {};
  const finish = (answer: Account): void => {
    recorder.read(place.region.name, trace, time.clock.now() - startedMs);
    holdToBound(world, answer, startedMs);
  };
  const answer = readThrough(cache, account, { world, place }, id, { trace });
  // A hit takes no time, so no other event can come before its end.
  if (trace.memory?.hit) return finish(await answer);
  void answer.then(finish).catch((error: unknown) => (world.fault ??= error));
  return time.settle();
}

const account: LookUpDefinition<{ world: World; place: Place }, number, Account> = {
  key: keyOf,
  parse: (json) => json as Account,
  load({ world: { config, origin, recorder, remote }, place: { tripMs } }, id) {
    const select = () => {
      recorder.load();
      return { value: origin.select(id), tags: tagsOf(id) };
    };
    return remote(config.network.postgres, tripMs, select);
  },
};

function holdToBound({ config, origin, recorder }: World, answer: Account, startedMs: number): void {
  const missed = origin.firstMissed(answer);
  if (!missed || missed.atMs >= startedMs) return;
  recorder.stale(missed, startedMs);
  const { atMs, invalidatedMs } = missed;
  const knownMs = invalidatedMs ?? atMs + config.drainEveryMs + DRAIN_SLACK_MS;
  if (startedMs < knownMs + config.memoryTtlMs) return;
  const sinceMs = (startedMs - knownMs).toFixed(0);
  throw new StalenessBoundBroken(
    `account ${answer.id}: a read ${sinceMs} ms after Redis knew of a change missed it; the bound is ${config.memoryTtlMs} ms`,
  );
}

function write(world: World, cache: Cache, place: Place, id: number): void {
  const { config, origin, recorder, remote, traffic } = world;
  const isOutside = traffic.uniform() < config.outsideShare;
  recorder.write();
  const committed = remote(config.network.postgres, place.tripMs, () => origin.commit(id, isOutside));
  if (!isOutside) void committed.then(() => invalidate(cache, tagsOf(id)));
}

// The cron starts a drain at some second of the minute, near the stores, in isolates that serve no callers.
function startDrains(world: World, sites: readonly Site[]): void {
  const { config, origin, time, traffic } = world;
  const nearestMs = Math.min(...sites.map(({ place }) => place.tripMs));
  const cache = makeCache(surroundingsOf(world, nearestMs));
  const fire = (): void => {
    void drain(cache, origin.outbox).catch((error: unknown) => (world.fault ??= error));
    time.clock.after(config.drainEveryMs, fire);
  };
  time.clock.after(traffic.uniform() * config.drainEveryMs, fire);
}
