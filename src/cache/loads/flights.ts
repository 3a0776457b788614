import type { ReadDemands } from '../look-up.ts';
import type { LogicalTime } from '../logical-time.ts';
import type { MemoryEntry } from '../memory.ts';

/** When a read of the tiers below memory set out, and, once the shared store has spoken, the as-of of its answer. */
export interface Departure {
  readonly sentAtMs: number;
  readonly order: number;
  asOf: LogicalTime | null | undefined;
}

/** A read of the tiers below memory that is under way in this isolate. */
export interface Flight {
  readonly departure: Departure;
  /** Its demands may fail where a plain read would be answered. */
  readonly isDemanding: boolean;
  /** Set out for who could not wait for the one before: the next who cannot waits for this one to land. */
  readonly isSecond: boolean;
  /** What sets out when this one lands, or may hang. */
  next?: Boarding;
  /** Resolves to plain data. Others await this very promise: a mutex would resolve theirs from a foreign context. */
  readonly answer: Promise<MemoryEntry>;
}

/** A flight that has not set out yet; who boards it came before its departure, and so finds its answer new enough. */
export interface Boarding {
  /** What they demand, all together, and whether they are on their way. */
  readonly passengers: { demands: ReadDemands; haveDeparted: boolean };
  readonly answer: Promise<MemoryEntry>;
}

/** Flights by key. */
export type Flights = Map<string, Flight>;

/** Past this many flights those of requests that died are looked for and let go. */
const SWEEP_ABOVE = 1_000;

/** Enters the flight as the newest of its key, and removes it when it settles, unless a newer one took its place. */
export function enterFlight(flights: Flights, key: string, flight: Flight, lifeMs: number): void {
  if (flights.size >= SWEEP_ABOVE) sweep(flights, flight.departure.sentAtMs - lifeMs);
  flights.set(key, flight);
  const leave = (): void => {
    if (flights.get(key) === flight) flights.delete(key);
  };
  flight.answer.then(leave, leave);
}

function sweep(flights: Flights, sentBeforeMs: number): void {
  for (const [key, flight] of flights) if (flight.departure.sentAtMs < sentBeforeMs) flights.delete(key);
}
