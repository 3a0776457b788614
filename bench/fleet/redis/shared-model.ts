import { EVERYTHING } from '../../../src/cache/memory/invalidations.ts';
import { type LogicalTime, US_PER_MS } from '../../../src/cache/logical-time.ts';
import type { LogCursor, LogNews } from '../../../src/cache/shared/invalidation-log.ts';
import type {
  DescribedEntry,
  DescribedTag,
  SharedDescription,
} from '../../../src/cache/shared/description.ts';
import { LONGEST_LIFE_MS } from '../../../src/cache/shared/entry-bounds.ts';
import type {
  Fill,
  FillStatus,
  ReadMode,
  SharedEntry,
  SharedRead,
} from '../../../src/cache/shared/shared-store.ts';
import { type Expiring, makeExpiring } from './expiring.ts';
import { LOG_BOUNDS, type LogBounds, type LogModel, makeLogModel } from './log-model.ts';

/**
 * A model in memory of the shared store's scripts. It answers at once, because a run of the fleet has no time for Lua.
 * A test compares it with the scripts. It models no garbage, no full Redis and no clock that steps back.
 */
export interface SharedModel {
  read(key: string, owner: string, mode: ReadMode, least: LogicalTime | null): SharedRead;
  /** The same, and after it the news of the log since the cursor. */
  readWithNews(
    key: string,
    owner: string,
    mode: ReadMode,
    least: LogicalTime | null,
    since: LogCursor | null,
  ): ReadWithNews;
  /** The news of the log alone; null while there is no clock. */
  follow(since: LogCursor | null): LogNews | null;
  fill(key: string, owner: string, fill: Fill): FillStatus;
  release(key: string, owner: string): FillStatus;
  invalidate(tags: readonly string[]): LogicalTime;
  describe(key: string, tags: readonly string[]): SharedDescription;
  /**
   * Stores the entry that a read of the origin at that time, in ms, would have left. A run can so begin with a full
   * store.
   */
  plant(key: string, bornMs: number, entry: Omit<Fill, 'asOf'>): void;
  /** Loses a part of what it holds. */
  lose(what: 'clock' | 'log' | 'everything'): void;
}

export interface ReadWithNews {
  readonly answer: SharedRead;
  readonly news: LogNews | null;
}

interface Stored extends Fill {
  readonly bornUs: number;
  readonly lifeMs: number;
}

interface State {
  readonly makeEpoch: () => string;
  readonly leaseMs: number;
  readonly now: () => number;
  readonly entries: Expiring<Stored>;
  readonly leases: Expiring<string>;
  readonly tagTimes: Expiring<LogicalTime>;
  readonly log: LogModel;
  /** The logical clock; undefined before its first tick. */
  clock: LogicalTime | undefined;
}

/** Tags outlive every entry by this time: `TAG_MARGIN_MS` of the store. */
const TAG_LIFE_MS = LONGEST_LIFE_MS + 60_000;
/** A later fill is refused: `MAX_AS_OF_AGE_MS` of the store. */
const MAX_AS_OF_AGE_MS = 30_000;

/** The epochs are random numbers in the scripts, and here the numbers from the given one on. */
export function makeSharedModel(
  now: () => number,
  epoch: string,
  leaseMs: number,
  bounds: LogBounds = LOG_BOUNDS,
): SharedModel {
  const state: State = {
    makeEpoch: makeEpochs(epoch),
    leaseMs,
    now,
    entries: makeExpiring(now),
    leases: makeExpiring(now),
    tagTimes: makeExpiring(now),
    log: makeLogModel(bounds),
    clock: undefined,
  };
  return {
    read: (key, owner, mode, least) =>
      read(state, key, owner, find(state, key, mode, least), undefined).answer,
    readWithNews: (key, owner, mode, least, since) =>
      read(state, key, owner, find(state, key, mode, least), since),
    follow: (since) => newsSince(state, since),
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
      state.log.append(time.n, tags);
      for (const tag of tags) state.tagTimes.set(tag, time, TAG_LIFE_MS);
      return time;
    },
    describe: (key, tags) => describe(state, key, tags),
    plant(key, bornMs, entry) {
      const { epoch: present } = (state.clock ??= { epoch: state.makeEpoch(), n: nowUs(state) });
      const bornUs = Math.floor(bornMs * US_PER_MS);
      store(state, key, { ...entry, asOf: { epoch: present, n: bornUs } }, bornUs);
    },
    lose: (what) => lose(state, what),
  };
}

function makeEpochs(first: string): () => string {
  let next = BigInt(`0x${first}`);
  return () => (next++).toString(16).padStart(first.length, '0');
}

function lose(state: State, what: 'clock' | 'log' | 'everything'): void {
  if (what !== 'log') state.clock = undefined;
  if (what !== 'clock') state.log.begin();
  if (what === 'everything') for (const part of [state.entries, state.leases, state.tagTimes]) part.clear();
}

function nowUs({ now }: State): number {
  return Math.floor(now() * US_PER_MS);
}

function tick(state: State): LogicalTime {
  if (!state.clock) state.log.begin();
  const { epoch, n } = state.clock ?? { epoch: state.makeEpoch(), n: 0 };
  state.clock = { epoch, n: Math.max(n + 1, nowUs(state)) };
  return state.clock;
}

function newsSince({ clock, log }: State, since: LogCursor | null): LogNews | null {
  return clock ? log.newsSince(since, clock) : null;
}

function isUntouchedSince({ tagTimes }: State, { asOf, tags }: Fill): boolean {
  const isHit = (tag: string): boolean => {
    const time = tagTimes.get(tag);
    return time !== undefined && time.epoch === asOf.epoch && time.n >= asOf.n;
  };
  return !isHit(EVERYTHING) && !tags.some(isHit);
}

function isValid(state: State, stored: Stored, least: LogicalTime | null): boolean {
  const { clock } = state;
  const { asOf } = stored;
  if (!clock || asOf.epoch !== clock.epoch || asOf.n > clock.n) return false;
  if (least && (least.epoch !== clock.epoch || asOf.n < least.n)) return false;
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

// News are asked for by a cursor, or by null before the first; undefined asks for none.
function read(
  state: State,
  key: string,
  owner: string,
  found: SharedEntry | null,
  since: LogCursor | null | undefined,
): ReadWithNews {
  const news = (): LogNews | null => (since === undefined ? null : newsSince(state, since));
  if (state.clock && found && found.freshMsLeft > 0) {
    return { answer: { status: 'hit', entry: rounded(found), validAt: state.clock }, news: news() };
  }
  const status = lease(state, key, owner) ? 'load' : 'busy';
  const earlier = news();
  const asOf = tick(state);
  return { answer: { status, asOf, stale: found && rounded(found) }, news: earlier ?? news() };
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
  const { clock } = state;
  if (!clock || asOf.epoch !== clock.epoch) return 'epoch';
  if (asOf.n > clock.n) return 'ahead';
  if (nowUs(state) - asOf.n > MAX_AS_OF_AGE_MS * US_PER_MS) return 'late';
  const kept = state.entries.get(key)?.asOf;
  if (kept && kept.epoch === clock.epoch && kept.n > asOf.n) return 'older';
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
  const { clock, entries, leases, tagTimes } = state;
  const stored = entries.get(key);
  const toTag = (tag: string): DescribedTag => {
    const time = tagTimes.get(tag);
    return time ? { tag, state: 'known', time } : { tag, state: 'none', time: null };
  };
  return {
    name: key,
    nowUs: nowUs(state),
    clock: clock ? { state: 'known', time: clock } : { state: 'none', time: null },
    entry: stored ? toDescribedEntry(stored) : 'none',
    leaseMsLeft: leases.msLeft(key),
    tags: [...new Set([EVERYTHING, ...(stored?.tags ?? []), ...tags])].map(toTag),
  };
}

function toDescribedEntry({ asOf, bornUs, freshMs, lifeMs, tags, payload }: Stored): DescribedEntry {
  return { asOf, bornUs, freshMs, lifeMs, tags, payload };
}
