import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** The duration of a request in a store: log-normal, by its median and its 99th percentile, in ms. */
export interface ServiceTime {
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** The stores' own durations, and the variation from one trip to the next. */
export interface Network {
  readonly redis: ServiceTime;
  readonly postgres: ServiceTime;
  /** The deviation of the logarithm of a trip's length. */
  readonly tripSpread: number;
}

const NO_TIME: ServiceTime = { medianMs: 0, p99Ms: 0 };

/** Published figures where there are any. docs/fleet.md names the sources and the assumptions. */
export const PUBLISHED: Network = {
  redis: { medianMs: 2, p99Ms: 10 },
  postgres: { medianMs: 5, p99Ms: 37 },
  tripSpread: 0.03,
};

/** Stores that answer at once, for comparison with closed forms, which know no latency. */
export const INSTANT: Network = { redis: NO_TIME, postgres: NO_TIME, tripSpread: 0 };

/** The normal deviate that 1 % exceed. */
const P99_DEVIATE = 2.326_35;

export interface Remote {
  /** Runs a function at a store at that distance. Resolves to its result once the reply is back. */
  ask<T>(service: ServiceTime, tripMs: number, run: () => T): Promise<T>;
  /** Calls a Worker at that distance, which makes requests of its own. Resolves to its result once the reply is back. */
  call<T>(own: ServiceTime, tripMs: number, handle: () => Promise<T>): Promise<T>;
  /** Travels there and back so many times. */
  travel(tripMs: number, trips: number): Promise<void>;
}

export function makeRemote(time: VirtualTime, random: Random, tripSpread: number): Remote {
  const halfTrip = (tripMs: number): number => (tripMs / 2) * Math.exp(tripSpread * random.normal());
  const back = (service: ServiceTime, tripMs: number): number =>
    drawService(service, random) + halfTrip(tripMs);
  const ask: Remote['ask'] = (service, tripMs, run) =>
    new Promise((resolve) => {
      time.quietly(halfTrip(tripMs), () => {
        const reply = run();
        time.clock.after(back(service, tripMs), () => resolve(reply));
      });
    });
  return {
    ask,
    async call(own, tripMs, handle) {
      await sleep(time, halfTrip(tripMs));
      const reply = await handle();
      await sleep(time, back(own, tripMs));
      return reply;
    },
    async travel(tripMs, trips) {
      for (let trip = 0; trip < trips; trip++) await ask(NO_TIME, tripMs, () => {});
    },
  };
}

function sleep({ clock }: VirtualTime, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

function drawService({ medianMs, p99Ms }: ServiceTime, random: Random): number {
  if (medianMs === 0) return 0;
  return medianMs * Math.exp((Math.log(p99Ms / medianMs) / P99_DEVIATE) * random.normal());
}
