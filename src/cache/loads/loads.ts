import type { Cache } from '../cache.ts';
import { DeadlineExceeded, withDeadline } from '../clock.ts';
import { TIER } from '../counts/counters.ts';
import { OriginUnavailable } from '../errors.ts';
import { includesWrite, isLogical, isSameToken } from '../logical-time.ts';
import { isYoungEnough, type LookUp, type ReadDemands } from '../look-up.ts';
import type { MemoryEntry } from '../memory/memory.ts';
import { CLOCK_TOLERANCE_MS } from '../memory/readings.ts';
import type { Load, LoadStart, QueuedLoad } from './load.ts';
import { loadEntry, traceStale } from './load-entry.ts';

/** A read waits for this many loads of other requests that die or fail. Then it starts a load of its own. */
const MAX_ATTEMPTS = 2;
/** An older load may hang on a store that is back by now. Reads that begin later do not wait for it. */
const MAX_JOIN_AGE_MS = 2_000;
/** A load that fails at its deadline gets this long to report that before it is taken for dead. */
const GRACE_MS = 100;
/** With more loads in flight than this, a new load removes those whose requests have died. */
const SWEEP_ABOVE = 1_000;

/**
 * Answers a read that memory cannot answer: joins the load of its key, or starts one. A read that cannot take the answer of the
 * load under way starts a second one beside it. Further such reads coalesce into one load that begins after the second, so that
 * a thousand reads load three times and not a thousand times. `findInMemory` is called again after a joined load has died.
 */
export async function joinOrLoad<T>(
  cache: Cache,
  lookUp: LookUp<T>,
  demands: ReadDemands,
  findInMemory: () => MemoryEntry | undefined,
): Promise<MemoryEntry> {
  let mayJoin = true;
  let attempt = 1;
  let isSecond = true;
  while (attempt <= MAX_ATTEMPTS) {
    const joined = mayJoin ? findJoinable(cache, lookUp.key, demands) : undefined;
    const load = joined ?? queueNextLoad(cache, lookUp, demands);
    if (!load) {
      isSecond = findYoung(cache, lookUp.key) !== undefined;
      break;
    }
    const askedMs = cache.clock.now();
    try {
      const entry = await untilSettled(cache, load);
      if (isNewEnough(entry, demands, load)) {
        traceJoin(cache, demands, entry, askedMs);
        return counted(cache, lookUp, TIER.joined, entry);
      }
      // Every read of a crowd would join the next load too, and could be refused by its answer again.
      if (!joined) attempt += 1;
      mayJoin = false;
    } catch (error) {
      if (error instanceof OriginUnavailable && isFinal(load, demands, attempt)) throw error;
      // The request that ran the load died, or the load failed because of what another read demands.
      const entry = joined && findInMemory();
      if (entry) return counted(cache, lookUp, TIER.isolate, entry);
      attempt += 1;
    }
  }
  const entry = await startLoad(cache, lookUp, demands, isSecond).answer;
  return counted(cache, lookUp, tierOf(entry), entry);
}

function tierOf({ isLoaded }: MemoryEntry): number {
  return isLoaded ? TIER.postgres : TIER.redis;
}

function counted<T>(
  { clock, counts }: Cache,
  { kind }: LookUp<T>,
  tier: number,
  entry: MemoryEntry,
): MemoryEntry {
  counts.read(kind, tier, entry.value === null, clock.now());
  return entry;
}

/** The load of the key that a read with these demands would wait for. */
export function findJoinable(cache: Cache, key: string, demands: ReadDemands): Load | undefined {
  const load = demands.reload ? undefined : findYoung(cache, key);
  const nowMs = cache.clock.now();
  if (!load || nowMs >= dueByMs(cache, load)) return undefined;
  const { sentAtMs, order } = load.start;
  const isUsable = isYoungEnough(sentAtMs, nowMs, demands) && mayIncludeWrite(load, demands);
  return isUsable && order > cache.memory.invalidations.last() ? load : undefined;
}

/** The load under way, unless it is old enough to hang or the clock has stepped back since it began. */
function findYoung({ clock, inFlight }: Cache, key: string): Load | undefined {
  const load = inFlight.get(key);
  if (!load) return undefined;
  const { sentAtMs } = load.start;
  const nowMs = clock.now();
  return nowMs >= sentAtMs - CLOCK_TOLERANCE_MS && nowMs < sentAtMs + MAX_JOIN_AGE_MS ? load : undefined;
}

/** Starts a load in the request of this cache. It is in flight until it settles or a newer load takes its place. */
export function startLoad<T>(cache: Cache, lookUp: LookUp<T>, demands: ReadDemands, isSecond: boolean): Load {
  const { clock, inFlight, memory, settings } = cache;
  const { key } = lookUp;
  const start: LoadStart = {
    sentAtMs: clock.now(),
    order: memory.invalidations.nextOrder(),
    asOf: undefined,
  };
  const answer = loadEntry(cache, lookUp, demands, start);
  const load: Load = { start, demands, isSecond, answer };
  if (inFlight.size >= SWEEP_ABOVE) sweep(cache, start.sentAtMs - settings.originDeadlineMs);
  inFlight.set(key, load);
  const remove = (): void => {
    if (inFlight.get(key) === load) inFlight.delete(key);
  };
  answer.then(remove, remove);
  cache.waitUntil(answer.catch(() => {}));
  return load;
}

function sweep({ inFlight }: Cache, sentBeforeMs: number): void {
  for (const [key, { start }] of inFlight) if (start.sentAtMs < sentBeforeMs) inFlight.delete(key);
}

/** The load that follows the second one of the key, with these demands among its own; undefined while there is no second. */
function queueNextLoad<T>(cache: Cache, lookUp: LookUp<T>, demands: ReadDemands): QueuedLoad | undefined {
  const current = findYoung(cache, lookUp.key);
  if (!current?.isSecond) return undefined;
  const queued = current.next;
  if (queued) {
    queued.demands = strictest(queued.demands, demands, cache.clock.now());
    return queued;
  }
  const startsByMs = current.start.sentAtMs + MAX_JOIN_AGE_MS;
  const next: Omit<QueuedLoad, 'answer'> = { demands, hasStarted: false, startsByMs };
  const answer = startAfter(cache, lookUp, current, next);
  cache.waitUntil(answer.catch(() => {}));
  current.next = Object.assign(next, { answer });
  return current.next;
}

async function startAfter<T>(
  cache: Cache,
  lookUp: LookUp<T>,
  current: Load,
  next: Omit<QueuedLoad, 'answer'>,
): Promise<MemoryEntry> {
  await withDeadline(cache.clock, next.startsByMs - cache.clock.now(), current.answer).catch(() => {});
  next.hasStarted = true;
  return startLoad(cache, lookUp, next.demands, true).answer;
}

// Each read waits by its own clock, since the timers of a request that dies never fire.
async function untilSettled(cache: Cache, load: Load | QueuedLoad): Promise<MemoryEntry> {
  const { clock, settings } = cache;
  if (!isQueued(load)) return withDeadline(clock, dueByMs(cache, load) + GRACE_MS - clock.now(), load.answer);
  try {
    return await withDeadline(clock, load.startsByMs + GRACE_MS - clock.now(), load.answer);
  } catch (error) {
    // A queued load that has not started when it is due never will: its request is dead.
    if (!(error instanceof DeadlineExceeded) || !load.hasStarted) throw error;
    return withDeadline(clock, settings.originDeadlineMs, load.answer);
  }
}

// The answer of a load is as old as the load. A read that joined it past the memory lifetime would stretch the bound.
function dueByMs({ memory, settings }: Cache, { start }: Load): number {
  return start.sentAtMs + Math.min(settings.originDeadlineMs, memory.ttlMs);
}

// The as-of is unknown until the shared store has replied. The answer is compared with the token when it arrives. A Worker beside
// the stores replies after a load that may be slow: then only a load that demands the same is worth to wait for.
function mayIncludeWrite({ start: { asOf, isPlaced }, demands }: Load, { token }: ReadDemands): boolean {
  if (asOf !== undefined || !token) return includesWrite(asOf ?? null, token);
  return isLogical(token) && (!isPlaced || isSameToken(demands.token, token));
}

// A queued load that asked the origin did so after this read began. Any other answer may be older than the token.
function isNewEnough(
  { asOf, isLoaded }: MemoryEntry,
  { token }: ReadDemands,
  load: Load | QueuedLoad,
): boolean {
  return (isQueued(load) && isLoaded === true) || includesWrite(asOf, token);
}

// Different tokens are all satisfied by asking the origin, as for the token of an invalidation that failed.
function strictest(a: ReadDemands, b: ReadDemands, nowMs: number): ReadDemands {
  const isOne = !a.token || !b.token || isSameToken(a.token, b.token);
  const token = isOne ? (a.token ?? b.token) : { unsharedSinceMs: nowMs };
  return { ...a, reload: Boolean(a.reload) || Boolean(b.reload), token };
}

/** True if the read fails together with the load that it waited for. Otherwise it tries again. */
function isFinal(load: Load | QueuedLoad, { reload, token }: ReadDemands, attempt: number): boolean {
  // A crowd whose demands differ must not ask a failing origin one by one.
  if (isQueued(load) && attempt === MAX_ATTEMPTS) return true;
  // A load that demanded no more than this read failed for a reason that holds for both.
  const { demands } = load;
  return (!demands.reload || reload === true) && (!demands.token || isSameToken(demands.token, token));
}

function isQueued(load: Load | QueuedLoad): load is QueuedLoad {
  return 'startsByMs' in load;
}

/** Notes that the answer came from the load of another read. */
function traceJoin(
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
