import type { Cache } from '../cache.ts';
import type { LookUp, ReadDemands } from '../look-up.ts';
import { DeadlineExceeded, withDeadline } from '../clock.ts';
import { OriginUnavailable } from '../errors.ts';
import { fetchEntry, traceStale } from './load-entry.ts';
import { type Boarding, type Departure, enterFlight, type Flight } from './flights.ts';
import { hasAsOf, isSameToken } from '../logical-time.ts';
import type { MemoryEntry } from '../memory.ts';
import { CLOCK_TOLERANCE_MS } from '../readings.ts';

/** A flight that is older may hang on a store that is back by now: whoever comes later does not wait for it. */
const MAX_JOIN_AGE_MS = 2_000;
/** A flight that fails at its deadline is heard of before it is taken for dead. */
export const GRACE_MS = 100;
/** Flights that a read boards, should they die or fail for what others demand, before its own is all that is left. */
const MAX_BOARDINGS = 2;

/**
 * Reads the tiers below memory for a read that cannot take the answer of the flight under way. At once if there is one
 * such flight at most; all others wait for it to land and share the next one, so that a thousand reads that want what is
 * newer than they are do not load a thousand times.
 */
export async function setOut<T>(
  cache: Cache,
  lookUp: LookUp<T>,
  demands: ReadDemands,
  boardingsLeft = MAX_BOARDINGS,
): Promise<MemoryEntry> {
  const current = cache.flights.get(lookUp.key);
  const isUnderWay = current !== undefined && isYoung(current, cache.clock.now());
  if (isUnderWay && current.isSecond) {
    return fromNext(cache, lookUp, demands, current, boardingsLeft - 1);
  }
  return startFlight(cache, lookUp, demands, isUnderWay).answer;
}

/** Whether the flight can be waited for: it is too young to hang, and the clock has not stepped back since. */
export function isYoung({ departure: { sentAtMs } }: Flight, nowMs: number): boolean {
  return nowMs >= sentAtMs - CLOCK_TOLERANCE_MS && nowMs < sentAtMs + MAX_JOIN_AGE_MS;
}

export function startFlight<T>(
  cache: Cache,
  lookUp: LookUp<T>,
  demands: ReadDemands,
  isSecond: boolean,
): Flight {
  const departure: Departure = {
    sentAtMs: cache.clock.now(),
    order: cache.memory.invalidations.nextOrder(),
    asOf: undefined,
  };
  const isDemanding = Boolean(demands.reload) || demands.token !== undefined;
  const answer = fetchEntry(cache, lookUp, demands, departure);
  const flight = { departure, isDemanding, isSecond, answer };
  enterFlight(cache.flights, lookUp.key, flight, cache.settings.originDeadlineMs);
  cache.waitUntil(answer.catch(() => {}));
  return flight;
}

async function fromNext<T>(
  cache: Cache,
  lookUp: LookUp<T>,
  demands: ReadDemands,
  current: Flight,
  boardingsLeft: number,
): Promise<MemoryEntry> {
  const askedMs = cache.clock.now();
  const boarding = board(cache, lookUp, demands, current);
  try {
    const entry = await untilLanded(cache, current, boarding);
    if (!entry.isLoaded && !hasAsOf(entry.asOf, demands.token)) throw new Error('not as new as the token');
    traceJoin(cache, demands, entry, askedMs);
    return entry;
  } catch (error) {
    const isFailed = error instanceof OriginUnavailable;
    const isOwnFailure = isAsStrict(demands, boarding.passengers.demands) || boardingsLeft === 0;
    if (isFailed && isOwnFailure) throw error;
    // It died with its request, or failed for what others demand of it. Those it leaves behind share what comes next.
    if (boardingsLeft > 0) return setOut(cache, lookUp, demands, boardingsLeft);
    return startFlight(cache, lookUp, demands, true).answer;
  }
}

// A flight that has not set out when it is due never will: its request is dead.
async function untilLanded(
  { clock, settings }: Cache,
  current: Flight,
  { answer, passengers }: Boarding,
): Promise<MemoryEntry> {
  try {
    return await withDeadline(clock, leavesByMs(current) + GRACE_MS - clock.now(), answer);
  } catch (error) {
    if (!(error instanceof DeadlineExceeded) || !passengers.haveDeparted) throw error;
    return withDeadline(clock, settings.originDeadlineMs, answer);
  }
}

function board<T>(cache: Cache, lookUp: LookUp<T>, demands: ReadDemands, current: Flight): Boarding {
  if (current.next) {
    const { passengers } = current.next;
    passengers.demands = strictest(passengers.demands, demands, cache.clock.now());
    return current.next;
  }
  const passengers: Boarding['passengers'] = { demands, haveDeparted: false };
  const answer = departAfter(cache, lookUp, current, passengers);
  cache.waitUntil(answer.catch(() => {}));
  current.next = { passengers, answer };
  return current.next;
}

async function departAfter<T>(
  cache: Cache,
  lookUp: LookUp<T>,
  current: Flight,
  passengers: Boarding['passengers'],
): Promise<MemoryEntry> {
  const leftMs = leavesByMs(current) - cache.clock.now();
  await withDeadline(cache.clock, leftMs, current.answer).catch(() => {});
  passengers.haveDeparted = true;
  return startFlight(cache, lookUp, passengers.demands, true).answer;
}

function leavesByMs({ departure }: Flight): number {
  return departure.sentAtMs + MAX_JOIN_AGE_MS;
}

// Tokens that differ are all met by asking the origin, as for one of an invalidation that failed.
function strictest(a: ReadDemands, b: ReadDemands, nowMs: number): ReadDemands {
  const isOne = !a.token || !b.token || isSameToken(a.token, b.token);
  const token = isOne ? (a.token ?? b.token) : { unsharedSinceMs: nowMs };
  return { ...a, reload: Boolean(a.reload) || Boolean(b.reload), token };
}

function isAsStrict(demands: ReadDemands, merged: ReadDemands): boolean {
  return Boolean(demands.reload) === Boolean(merged.reload) && isSameToken(demands.token, merged.token);
}

/** Says that the answer came from a flight of somebody else. */
export function traceJoin(
  { clock }: Cache,
  { trace }: ReadDemands,
  { staleMsLeft }: MemoryEntry,
  askedMs: number,
): void {
  if (!trace) return;
  const ms = clock.now() - askedMs;
  trace.memory = { hit: false, collapsed: true, ms };
  if (staleMsLeft !== undefined) traceStale(trace, staleMsLeft, ms);
}
