import { EVERYTHING } from '../../src/cache/memory/invalidations.ts';
import { type LogicalTime, US_PER_MS } from '../../src/cache/logical-time.ts';
import type { DescribedEntry, DescribedTag, SharedDescription } from '../../src/cache/shared/description.ts';
import { LONGEST_LIFE_MS } from '../../src/cache/shared/entry-bounds.ts';
import type {
  Fill,
  FillStatus,
  ReadMode,
  SharedEntry,
  SharedRead,
} from '../../src/cache/shared/shared-store.ts';
import { type Expiring, makeExpiring } from './expiring.ts';

/**
 * A model in memory of the shared store's scripts. It answers at once, because a run of the fleet has no time for Lua.
 * A test compares it with the scripts. It models no garbage, no full Redis and no clock that steps back.
 */
export interface SharedModel {
  read(key: string, owner: string, mode: ReadMode, least: LogicalTime | null): SharedRead;
  fill(key: string, owner: string, fill: Fill): FillStatus;
  release(key: string, owner: string): FillStatus;
  invalidate(tags: readonly string[]): LogicalTime;
  describe(key: string, tags: readonly string[]): SharedDescription;
  /**
   * Stores the entry that a read of the origin at that time, in ms, would have left. A run can so begin with a full
   * store.
   */
  plant(key: string, bornMs: number, entry: Omit<Fill, 'asOf'>): void;
}

interface Stored extends Fill {
  readonly bornUs: number;
  readonly lifeMs: number;
}

interface State {
  readonly epoch: string;
  readonly leaseMs: number;
  readonly now: () => number;
  readonly entries: Expiring<Stored>;
  readonly leases: Expiring<string>;
  readonly tagTimes: Expiring<number>;
  /** The logical clock; undefined before its first tick. */
  last: number | undefined;
}

/** Tags outlive every entry by this time: `TAG_MARGIN_MS` of the store. */
const TAG_LIFE_MS = LONGEST_LIFE_MS + 60_000;
/** A later fill is refused: `MAX_AS_OF_AGE_MS` of the store. */
const MAX_AS_OF_AGE_MS = 30_000;

export function makeSharedModel(now: () => number, epoch: string, leaseMs: number): SharedModel {
  const state: State = {
    epoch,
    leaseMs,
    now,
    entries: makeExpiring(now),
    leases: makeExpiring(now),
    tagTimes: makeExpiring(now),
    last: undefined,
  };
  return {
    read: (key, owner, mode, least) => read(state, key, owner, find(state, key, mode, least)),
    fill(key, owner, fill) {
      const status = tryFill(state, key, fill);
      giveBack(state, key, owner);
      return status;
    },
    release(key, owner) {
      giveBack(state, key, owner);
      return 'released';
    },
    invalidate(tags) {
      const time = tick(state);
      for (const tag of tags) state.tagTimes.set(tag, time.n, TAG_LIFE_MS);
      return time;
    },
    describe: (key, tags) => describe(state, key, tags),
    plant(key, bornMs, entry) {
      state.last ??= nowUs(state);
      const bornUs = Math.floor(bornMs * US_PER_MS);
      store(state, key, { ...entry, asOf: { epoch, n: bornUs } }, bornUs);
    },
  };
}

function nowUs({ now }: State): number {
  return Math.floor(now() * US_PER_MS);
}

function tick(state: State): LogicalTime {
  state.last = Math.max((state.last ?? 0) + 1, nowUs(state));
  return { epoch: state.epoch, n: state.last };
}

function isUntouchedSince({ tagTimes }: State, { asOf, tags }: Fill): boolean {
  const isHit = (tag: string): boolean => (tagTimes.get(tag) ?? -1) >= asOf.n;
  return !isHit(EVERYTHING) && !tags.some(isHit);
}

function isValid(state: State, stored: Stored, least: LogicalTime | null): boolean {
  const { epoch, last } = state;
  const { asOf } = stored;
  if (last === undefined || asOf.epoch !== epoch || asOf.n > last) return false;
  if (least && (least.epoch !== epoch || asOf.n < least.n)) return false;
  return isUntouchedSince(state, stored);
}

function find(state: State, key: string, mode: ReadMode, least: LogicalTime | null): SharedEntry | null {
  if (mode === 'none') return null;
  if (mode === 'drop') state.entries.delete(key);
  const stored = state.entries.get(key);
  if (!stored || !isValid(state, stored, least)) return null;
  const ageMs = Math.max(0, nowUs(state) - stored.bornUs) / US_PER_MS;
  if (ageMs >= stored.lifeMs) return null;
  const { payload, tags, asOf, freshMs } = stored;
  return { payload, tags, asOf, freshMsLeft: freshMs - ageMs };
}

function read(state: State, key: string, owner: string, found: SharedEntry | null): SharedRead {
  if (found && found.freshMsLeft > 0) {
    const validAt = { epoch: state.epoch, n: state.last ?? 0 };
    return { status: 'hit', entry: rounded(found), validAt };
  }
  const status = lease(state, key, owner) ? 'load' : 'busy';
  return { status, asOf: tick(state), stale: found && rounded(found) };
}

// The scripts write whole numbers.
function rounded(entry: SharedEntry): SharedEntry {
  return { ...entry, freshMsLeft: Math.round(entry.freshMsLeft) };
}

function lease({ leases, leaseMs }: State, key: string, owner: string): boolean {
  if (leases.get(key) !== undefined) return false;
  leases.set(key, owner, leaseMs);
  return true;
}

function giveBack({ leases }: State, key: string, owner: string): void {
  if (leases.get(key) === owner) leases.delete(key);
}

function tryFill(state: State, key: string, fill: Fill): FillStatus {
  const { asOf } = fill;
  if (state.last === undefined || asOf.epoch !== state.epoch) return 'epoch';
  if (asOf.n > state.last) return 'ahead';
  if (nowUs(state) - asOf.n > MAX_AS_OF_AGE_MS * US_PER_MS) return 'late';
  if ((state.entries.get(key)?.asOf.n ?? 0) > asOf.n) return 'older';
  if (!isUntouchedSince(state, fill)) return 'invalidated';
  store(state, key, fill, Math.min(nowUs(state), asOf.n));
  return 'stored';
}

function store(state: State, key: string, fill: Fill, bornUs: number): void {
  const lifeMs = Math.min(fill.freshMs + fill.staleMs, LONGEST_LIFE_MS);
  const leftMs = Math.round(Math.max(1, lifeMs - (nowUs(state) - bornUs) / US_PER_MS));
  state.entries.set(key, { ...fill, bornUs, lifeMs }, leftMs);
}

function describe(state: State, key: string, tags: readonly string[]): SharedDescription {
  const { entries, epoch, last, leases, tagTimes } = state;
  const stored = entries.get(key);
  const toTag = (tag: string): DescribedTag => {
    const n = tagTimes.get(tag);
    return n === undefined ? { tag, state: 'none', time: null } : { tag, state: 'known', time: { epoch, n } };
  };
  return {
    name: key,
    nowUs: nowUs(state),
    clock: last === undefined ? { state: 'none', time: null } : { state: 'known', time: { epoch, n: last } },
    entry: stored ? toDescribedEntry(stored) : 'none',
    leaseMsLeft: leases.msLeft(key),
    tags: [...new Set([EVERYTHING, ...(stored?.tags ?? []), ...tags])].map(toTag),
  };
}

function toDescribedEntry({ asOf, bornUs, freshMs, lifeMs, tags, payload }: Stored): DescribedEntry {
  return { asOf, bornUs, freshMs, lifeMs, tags, payload };
}
