import { describeError } from '../log.ts';
import type { Cache, LookUp, ReadDemands, TierDetail } from './cache.ts';
import { sleep, withDeadline } from './clock.ts';
import { OriginUnavailable } from './errors.ts';
import type { Departure } from './flights.ts';
import { deepFreeze } from './freeze.ts';
import { isLogical, type LogicalTime, randomId } from './logical-time.ts';
import type { MemoryEntry } from './memory.ts';
import { askShared } from './shared-tier.ts';
import type { ReadMode, SharedEntry } from './shared-store.ts';

/** Another caller is loading: asked again after these waits, 200 ms in all, before loading without the lease. */
const BUSY_WAITS_MS = [20, 60, 120];
/** Answers beyond these are not stored: one would cost every reader more than asking the origin. */
const MAX_PAYLOAD_BYTES = 256 * 1024;
const MAX_TAGS = 1_000;

type Found<T> =
  | { readonly kind: 'hit'; readonly value: T; readonly entry: SharedEntry }
  | { readonly kind: 'miss'; readonly asOf: LogicalTime | null; readonly stale: Stale<T> | null };

interface Stale<T> {
  readonly value: T;
  readonly entry: SharedEntry;
}

/** One read of the shared store and, if it does not know, one load; keeps the answer in memory and shares it. */
export async function fetchEntry<T>(
  cache: Cache,
  lookUp: LookUp<T>,
  demands: ReadDemands,
  departure: Departure,
): Promise<MemoryEntry> {
  const owner = randomId();
  const found = await findShared(cache, lookUp, demands, owner);
  if (found.kind === 'hit') {
    departure.asOf = found.entry.asOf;
    const { payload, tags } = found.entry;
    return keep(cache, lookUp, demands, toMemoryEntry(departure, found.value, payload, tags));
  }
  departure.asOf = found.asOf;
  const loaded = await loadOrNull(cache, lookUp, demands);
  if (!loaded) return staleOrThrow(cache, lookUp, demands, departure, owner, found.stale);
  const payload = JSON.stringify(loaded.value);
  const isAbsent = lookUp.isAbsent?.(loaded.value) ?? loaded.value === null;
  share(cache, lookUp, demands, { owner, asOf: found.asOf, payload, tags: loaded.tags, isAbsent });
  return keep(cache, lookUp, demands, toMemoryEntry(departure, loaded.value, payload, loaded.tags));
}

async function findShared<T>(
  cache: Cache,
  lookUp: LookUp<T>,
  demands: ReadDemands,
  owner: string,
): Promise<Found<T>> {
  const askedMs = cache.clock.now();
  const read = await askWhileBusy(cache, lookUp.key, demands, owner, modeOf(demands));
  if (read.reply?.status === 'hit') {
    const { entry } = read.reply;
    const hit = parsed(cache, lookUp, entry);
    traceRedis(cache, demands, askedMs, { hit: hit !== null, ttlMs: entry.freshMsLeft });
    if (hit) return { kind: 'hit', ...hit };
    // What does not parse would be a hit for ever: drop it, and take an as-of to load anew.
    const again = await askWhileBusy(cache, lookUp.key, demands, owner, 'drop');
    return { kind: 'miss', asOf: again.reply?.status === 'load' ? again.reply.asOf : null, stale: null };
  }
  traceRedis(cache, demands, askedMs, { hit: false, ...('failure' in read && { detail: read.failure }) });
  if (!read.reply) return { kind: 'miss', asOf: null, stale: null };
  return {
    kind: 'miss',
    asOf: read.reply.asOf,
    stale: read.reply.stale && parsed(cache, lookUp, read.reply.stale),
  };
}

async function askWhileBusy(
  cache: Cache,
  key: string,
  { token }: ReadDemands,
  owner: string,
  mode: ReadMode,
) {
  const least = token && isLogical(token) ? token : null;
  const ask = () => askShared(cache, 'read', (shared) => shared.read(key, owner, mode, least));
  let asked = await ask();
  for (const waitMs of BUSY_WAITS_MS) {
    if (mode !== 'any' || asked.reply?.status !== 'busy') break;
    await sleep(cache.clock, waitMs);
    asked = await ask();
  }
  return asked;
}

function modeOf({ reload, token }: ReadDemands): ReadMode {
  if (reload) return 'drop';
  return token && !isLogical(token) ? 'none' : 'any';
}

function parsed<T>(cache: Cache, lookUp: LookUp<T>, entry: SharedEntry): Stale<T> | null {
  try {
    return { value: lookUp.parse(JSON.parse(entry.payload)), entry };
  } catch (error) {
    cache.log.warn('shared_entry_unreadable', { lookUp: kindOf(lookUp), error: describeError(error) });
    return null;
  }
}

async function loadOrNull<T>(cache: Cache, lookUp: LookUp<T>, { trace }: ReadDemands) {
  const startedMs = cache.clock.now();
  try {
    return await withDeadline(cache.clock, cache.settings.originDeadlineMs, lookUp.load());
  } catch (error) {
    cache.log.error('origin_failed', { lookUp: kindOf(lookUp), error: describeError(error) });
    return null;
  } finally {
    if (trace) trace.postgres = { ms: cache.clock.now() - startedMs };
  }
}

// A stale answer stays out of memory: it would outlive the outage that excuses it.
function staleOrThrow<T>(
  cache: Cache,
  lookUp: LookUp<T>,
  { trace }: ReadDemands,
  departure: Departure,
  owner: string,
  stale: Stale<T> | null,
): MemoryEntry {
  if (departure.asOf) {
    cache.waitUntil(askShared(cache, 'release', (shared) => shared.release(lookUp.key, owner)));
  }
  if (!stale) throw new OriginUnavailable('the origin did not answer');
  const { value, entry } = stale;
  departure.asOf = entry.asOf;
  if (trace) {
    trace.redis = {
      ...trace.redis,
      hit: true,
      ttlMs: entry.freshMsLeft,
      detail: 'stale-if-error',
      ms: trace.redis?.ms ?? 0,
    };
    trace.isolate = { hit: false, stored: false, ms: 0 };
  }
  return toMemoryEntry(departure, value, entry.payload, entry.tags);
}

function share<T>(
  cache: Cache,
  lookUp: LookUp<T>,
  { trace }: ReadDemands,
  fill: {
    owner: string;
    asOf: LogicalTime | null;
    payload: string;
    tags: readonly string[];
    isAbsent: boolean;
  },
): void {
  const { owner, asOf, payload, tags } = fill;
  if (!asOf) return;
  if (!isStorable(payload, tags)) {
    cache.waitUntil(askShared(cache, 'release', (shared) => shared.release(lookUp.key, owner)));
    return;
  }
  const { freshMs, absentFreshMs, staleMs } = cache.settings;
  // An outage must never turn into an absence, so absent answers have no stale part.
  const life = fill.isAbsent ? { freshMs: absentFreshMs, staleMs: 0 } : { freshMs, staleMs };
  cache.waitUntil(
    askShared(cache, 'fill', (shared) => shared.fill(lookUp.key, owner, { asOf, payload, tags, ...life })),
  );
  if (trace?.redis) trace.redis.stored = true;
}

function isStorable(payload: string, tags: readonly string[]): boolean {
  if (tags.length > MAX_TAGS || payload.length > MAX_PAYLOAD_BYTES) return false;
  return new TextEncoder().encode(payload).byteLength <= MAX_PAYLOAD_BYTES;
}

function keep<T>(cache: Cache, lookUp: LookUp<T>, { trace }: ReadDemands, entry: MemoryEntry): MemoryEntry {
  const stored = cache.memory.set(lookUp.key, entry, cache.clock.now());
  if (trace) trace.isolate = { hit: false, stored, ms: 0 };
  return entry;
}

function toMemoryEntry(
  { sentAtMs, order, asOf }: Departure,
  value: unknown,
  payload: string,
  tags: readonly string[],
): MemoryEntry {
  return {
    value: deepFreeze(value),
    tags,
    asOf: asOf ?? null,
    sentAtMs,
    order,
    bytes: payload.length,
    hits: 0,
  };
}

function traceRedis(
  { clock }: Cache,
  { trace }: ReadDemands,
  askedMs: number,
  what: { hit: boolean; ttlMs?: number; detail?: TierDetail },
): void {
  if (trace) trace.redis = { ...what, ms: clock.now() - askedMs };
}

function kindOf({ key }: { key: string }): string {
  return key.slice(0, Math.max(0, key.indexOf(':'))) || key;
}
