import { drain } from '../../src/cache/drain.ts';
import type { FleetConfig } from './config.ts';
import { makeIsolate, makeSlot, type Slot, type Surroundings } from './isolates.ts';
import type { Measures } from './measures.ts';
import { tagsOf } from './origin.ts';
import { makeReach } from './origin-worker.ts';
import { makeOrigins, makePlacePicker, makePlaces, type Place } from './places.ts';
import { makeRandom } from './random.ts';
import { keyOf, type Reach, read, write } from './requests.ts';
import { FRESH_MS, makeEntryAges, STALE_MS } from './steady-state.ts';
import { makeWorld, type Parts, PRODUCT, STREAM, surroundingsOf, type World } from './world.ts';
import { makeZipf } from './zipf.ts';

/** A data centre with its isolates. */
interface Site {
  readonly place: Place;
  readonly slots: readonly Slot[];
}

/**
 * Runs the fleet in virtual time and counts. The same configuration gives the same counts. Throws
 * `StalenessBoundBroken` as soon as a reader gets an answer beyond the bound.
 */
export async function runFleet(config: FleetConfig, parts: Partial<Parts> = {}): Promise<Measures> {
  const world = makeWorld(config, { ...PRODUCT, ...parts });
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

const directly: Reach = ({ cache }) => cache;

/** Runs the requests in the order of their arrival. Each is a read or a write of one account in one isolate. */
function makeArrivals(world: World, sites: readonly Site[]): () => Promise<void> {
  const { config, time, traffic } = world;
  const accounts = makeZipf(config.accounts, config.zipfExponent);
  const picker = makePlacePicker(sites.map(({ place }) => place));
  const placeOf = makeOrigins(picker, config.homeShare, config.seed);
  const plant = makePlanter(world);
  const reach = config.originWorker ? makeReach(world, config.originWorker) : directly;
  return async () => {
    const id = accounts.draw(traffic);
    const site = sites[placeOf(id, traffic)];
    const slot = site?.slots[Math.floor(traffic.uniform() * site.slots.length)];
    if (!site || !slot) throw new Error('a place without an isolate');
    plant(id);
    const isWrite = traffic.uniform() * (config.readsPerWrite + 1) < 1;
    const isolate = slot.serve(time.clock.now());
    if (isWrite) write(world, isolate, id);
    else await read(world, reach, isolate, site.place, id);
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

// The cron starts a drain at some second of the minute, near the stores, in isolates that serve no callers.
function startDrains(world: World, sites: readonly Site[]): void {
  const { config, origin, time, traffic } = world;
  const nearestMs = Math.min(...sites.map(({ place }) => place.tripMs));
  const { cache } = makeIsolate(surroundingsOf(world, nearestMs));
  const fire = (): void => {
    void drain(cache, origin.outbox).catch((error: unknown) => (world.fault ??= error));
    time.clock.after(config.drainEveryMs, fire);
  };
  time.clock.after(traffic.uniform() * config.drainEveryMs, fire);
}
