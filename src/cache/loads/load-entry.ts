import { describeError } from '../../lib/log.ts';
import type { Cache } from '../cache.ts';
import type { KeyedLookUp, Loaded, LookUp, ReadDemands, Trace } from '../look-up.ts';
import { sleep } from '../clock.ts';
import { OriginRefused, OriginUnavailable } from '../errors.ts';
import type { LoadStart } from './load.ts';
import { deepFreeze } from '../freeze.ts';
import { isLogical, type LogicalTime, randomId } from '../logical-time.ts';
import type { MemoryEntry } from '../memory/memory.ts';
import { askOrigin } from '../guarded-origin.ts';
import { askPlaced, type PlacedAnswer } from '../placed/ask-placed.ts';
import { MAX_ENTRY_TAGS, MAX_PAYLOAD_BYTES } from '../shared/entry-bounds.ts';
import { sealed } from '../shared/sealed-entry.ts';
import { askShared, type Asked } from '../shared/guarded-store.ts';
import type { Fill, ReadMode, SharedEntry, SharedRead } from '../shared/shared-store.ts';
import { kindOf, requireTags, usable } from './usable-entry.ts';

/** The data that all steps of one load need. */
interface LoadContext<T> {
  readonly cache: Cache;
  readonly lookUp: LookUp<T>;
  readonly demands: ReadDemands;
  readonly start: LoadStart;
  /** Names this load as the holder of the lease. */
  readonly owner: string;
}

/** The parts of an entry that tell how long it is valid. */
type Kept = Pick<MemoryEntry, 'asOf' | 'freshMs' | 'tags' | 'validAtN'>;

/** No version of the invalidations. */
const NEVER_CHECKED = -1;
/** While another caller loads, this read asks the store again after these waits, 200 ms in all, and then loads without the lease. */
const BUSY_WAITS_MS = [20, 60, 120];

/**
 * Asks the shared store and then, after a miss, the origin. Keeps the answer in memory and stores it in the shared store. A Worker
 * beside the stores does all that is asked of them, if there is one and it answers.
 */
export async function loadEntry<T>(
  cache: Cache,
  lookUp: LookUp<T>,
  demands: ReadDemands,
  start: LoadStart,
): Promise<MemoryEntry> {
  const context = { cache, lookUp, demands, start, owner: randomId() };
  // Without such a Worker the stores are asked in this very turn.
  start.isPlaced = cache.placed !== undefined;
  const placed = cache.placed && (await askPlaced(cache.placed, cache, lookUp, demands, start));
  start.isPlaced = false;
  if (placed) return keepPlaced(context, placed);
  const read = await askWhileBusy(context, modeOf(demands));
  if (read.reply?.status !== 'hit') return load(context, read.reply);
  const hit = await usable(cache, lookUp, read.reply.entry);
  if (hit) {
    const { length } = hit.entry.payload;
    return keep(context, hit.value, length, toKept(hit.entry, read.reply.validAt.n));
  }
  // An unusable entry would be a hit until it expires. It is dropped, and the same call gives the as-of for a load.
  const dropped = await askWhileBusy(context, 'drop');
  return load(context, dropped.reply);
}

// Its lives count from when this isolate sent the question, as those of answers from the stores do.
function keepPlaced<T>(context: LoadContext<T>, { value, answer }: PlacedAnswer<T>): MemoryEntry {
  const { bytes, isLoaded, staleMsLeft, ...kept } = answer;
  if (staleMsLeft !== null) return { ...toMemoryEntry(context, value, bytes, kept), staleMsLeft };
  return { ...keep(context, value, bytes, kept), isLoaded };
}

async function askWhileBusy<T>(context: LoadContext<T>, mode: ReadMode): Promise<Asked<SharedRead>> {
  const { cache, lookUp, demands, owner } = context;
  const { token } = demands;
  const least = token && isLogical(token) ? token : null;
  const ask = () => askShared(cache, 'read', (shared) => shared.read(lookUp.key, owner, mode, least));
  const askedMs = cache.clock.now();
  let asked = await ask();
  for (const waitMs of BUSY_WAITS_MS) {
    if (mode !== 'any' || asked.reply?.status !== 'busy') break;
    await sleep(cache.clock, waitMs);
    asked = await ask();
  }
  traceShared(context, asked, cache.clock.now() - askedMs);
  return asked;
}

function modeOf({ reload, token }: ReadDemands): ReadMode {
  if (reload) return 'drop';
  return token && !isLogical(token) ? 'none' : 'any';
}

async function load<T>(context: LoadContext<T>, reply: SharedRead | null): Promise<MemoryEntry> {
  const { asOf, stale } = reply && reply.status !== 'hit' ? reply : { asOf: null, stale: null };
  context.start.asOf = asOf;
  const loaded = await loadOrFail(context);
  if (loaded instanceof Error) return staleOrThrow(context, stale, loaded);
  const payload = JSON.stringify(loaded.value);
  share(context, loaded, payload, asOf);
  const { freshMs } = lifeOf(context, loaded.value);
  const kept = { tags: loaded.tags, asOf, validAtN: asOf?.n ?? 0, freshMs };
  return { ...keep(context, loaded.value, payload.length, kept), isLoaded: true };
}

async function loadOrFail<T>(context: LoadContext<T>): Promise<Loaded<T> | OriginUnavailable> {
  const { cache, lookUp, demands, start } = context;
  const { sentAtMs } = start;
  const startedMs = cache.clock.now();
  // Counted from the start of the load, so that the reads that joined it learn of its failure before they give it up.
  const { originDeadlineMs } = cache.settings;
  const leftMs = Math.min(originDeadlineMs, sentAtMs + originDeadlineMs - startedMs);
  const traceOrigin = (): void => {
    if (demands.trace) demands.trace.origin = { ms: cache.clock.now() - startedMs };
  };
  try {
    const loaded = await askOrigin(cache, leftMs, () => loadAndParse(cache, lookUp));
    if (loaded) traceOrigin();
    return loaded ?? new OriginUnavailable('the origin did not answer');
  } catch (error) {
    traceOrigin();
    cache.log.error('origin_failed', { lookUp: kindOf(lookUp), error: describeError(error) });
    const isRefusal = cache.origin.isRefusal?.(error);
    return isRefusal
      ? new OriginRefused('the origin refused the question', { cause: error })
      : new OriginUnavailable('the origin did not answer', { cause: error });
  }
}

// Values that the origin's protocol garbled must not pass for an answer.
async function loadAndParse<T>({ origin }: Cache, lookUp: LookUp<T>): Promise<Loaded<T>> {
  const { value, tags } = await lookUp.load();
  requireTags(origin, tags);
  return { value: lookUp.parse(value), tags };
}

// A stale answer stays out of memory, where it would outlive the outage that excuses it.
async function staleOrThrow<T>(
  context: LoadContext<T>,
  entry: SharedEntry | null,
  failure: OriginUnavailable,
): Promise<MemoryEntry> {
  const { cache, lookUp, demands } = context;
  release(context);
  const stale = entry && (await usable(cache, lookUp, entry));
  if (!stale) throw failure;
  const { payload, asOf, freshMsLeft } = stale.entry;
  if (demands.trace) {
    traceStale(demands.trace, freshMsLeft, demands.trace.shared?.ms ?? 0);
    demands.trace.memory = { hit: false, stored: false, ms: 0 };
  }
  const kept = toKept(stale.entry, asOf.n);
  return { ...toMemoryEntry(context, stale.value, payload.length, kept), staleMsLeft: freshMsLeft };
}

function share<T>(
  context: LoadContext<T>,
  { value, tags }: Loaded<T>,
  payload: string,
  asOf: LogicalTime | null,
): void {
  const { cache, lookUp, demands, owner } = context;
  if (!asOf || !isStorable(payload, tags) || lookUp.isShared?.(value) === false) return release(context);
  const fill = { asOf, payload, tags, ...lifeOf(context, value) };
  cache.waitUntil(
    askShared(cache, 'fill', async (shared) => shared.fill(lookUp.key, owner, await toStore(context, fill))),
  );
  if (demands.trace?.shared) demands.trace.shared.stored = true;
}

// An outage must never turn into an absence, so absent answers have no stale part.
function lifeOf<T>({ cache, lookUp }: LoadContext<T>, value: T): Pick<Fill, 'freshMs' | 'staleMs'> {
  const { freshMs, absentFreshMs, staleMs } = cache.settings;
  return saysAbsent(lookUp, value) ? { freshMs: absentFreshMs, staleMs: 0 } : { freshMs, staleMs };
}

async function toStore<T>({ cache, lookUp, start }: LoadContext<T>, fill: Fill): Promise<Fill> {
  return lookUp.decidesRights ? sealed(cache.seal, lookUp.key, fill, start.sentAtMs) : fill;
}

/** True if the answer says that the thing does not exist. */
export function saysAbsent(lookUp: KeyedLookUp, value: unknown): boolean {
  return lookUp.isAbsent?.(value) ?? value === null;
}

// A store that gave no as-of was away or full, and gave no lease either.
function release<T>({ cache, lookUp, start, owner }: LoadContext<T>): void {
  if (!start.asOf) return;
  cache.waitUntil(askShared(cache, 'release', (shared) => shared.release(lookUp.key, owner)));
}

function isStorable(payload: string, tags: readonly string[]): boolean {
  if (tags.length > MAX_ENTRY_TAGS || payload.length > MAX_PAYLOAD_BYTES) return false;
  return new TextEncoder().encode(payload).byteLength <= MAX_PAYLOAD_BYTES;
}

function toKept({ tags, asOf, freshMsLeft }: SharedEntry, validAtN: number): Kept {
  return { tags, asOf, validAtN, freshMs: freshMsLeft };
}

function keep<T>(context: LoadContext<T>, value: T, bytes: number, kept: Kept): MemoryEntry {
  const { cache, lookUp, demands } = context;
  const entry = toMemoryEntry(context, value, bytes, kept);
  const isForgotten = lookUp.forgetsAbsent === true && saysAbsent(lookUp, value);
  // Memory may hold an answer from before the thing was deleted.
  if (isForgotten) cache.memory.delete(lookUp.key);
  const stored = !isForgotten && cache.memory.set(lookUp.key, entry, cache.clock.now());
  if (demands.trace) demands.trace.memory = { hit: false, stored, ms: 0 };
  return entry;
}

function toMemoryEntry<T>(
  { start }: LoadContext<T>,
  value: T,
  bytes: number,
  { tags, asOf, validAtN, freshMs }: Kept,
): MemoryEntry {
  start.asOf = asOf;
  const { sentAtMs, order } = start;
  return {
    value: deepFreeze(value),
    tags,
    asOf,
    validAtN,
    sentAtMs,
    freshMs,
    order,
    bytes,
    hits: 0,
    checked: NEVER_CHECKED,
    answer: undefined,
  };
}

function traceShared<T>({ demands }: LoadContext<T>, asked: Asked<SharedRead>, ms: number): void {
  const { trace } = demands;
  if (!trace) return;
  if (asked.reply?.status === 'hit') trace.shared = { hit: true, ttlMs: asked.reply.entry.freshMsLeft, ms };
  else trace.shared = { hit: false, ...('failure' in asked && { detail: asked.failure }), ms };
}

/** Notes that a stale answer replaces that of a failing origin. */
export function traceStale(trace: Trace, ttlMs: number, ms: number): void {
  trace.shared = { hit: true, ttlMs, detail: 'stale-if-error', ms };
}
