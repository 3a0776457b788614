import * as z from 'zod';
import { makeBatcher } from '../../lib/batcher.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { CountsReporter } from '../counts/counts.ts';
import { type CountedMinutes, readCountedMinutes } from './counted-minutes.ts';
import { LONGEST_LIFE_MS, MAX_ENTRY_TAGS } from './entry-bounds.ts';
import { explainScript } from './scripts/explain-script.ts';
import type { LogReader } from './invalidation-log.ts';
import { formatLogicalTime, type LogicalTime, parseLogicalTime } from '../logical-time.ts';
import { type Names, namesOf } from './names.ts';
import { newestOf, type NewestTime, noteTime } from './newest-time.ts';
import { makeReadAll, type Read } from './read-all.ts';
import type { Script } from './scripts/script.ts';
import { scripts } from './scripts/scripts.ts';
import { type SharedDescription, toSharedDescription } from './description.ts';

/** Runs a script on the primary, in one round trip. */
export type RunScript = (script: Script, keys: string[], args: string[]) => Promise<unknown>;

/** An answer in the shared store. */
export interface SharedEntry {
  readonly payload: string;
  readonly tags: readonly string[];
  readonly asOf: LogicalTime;
  /** Negative once the entry is past its fresh life and serves only when the origin fails. */
  readonly freshMsLeft: number;
  /** The proof of a sealed entry. */
  readonly sealing?: Sealing | undefined;
}

export interface Sealing {
  readonly freshMs: number;
  readonly lifeMs: number;
  /** The time at which the answer was read, by the clock of the isolate that sealed it. */
  readonly bornMs: number;
  readonly mac: string;
}

export type SharedRead =
  | {
      readonly status: 'hit';
      readonly entry: SharedEntry;
      /** The time of the clock at which the entry was found to be valid. */
      readonly validAt: LogicalTime;
    }
  | {
      /** `busy`: another caller holds the lease and is loading. */
      readonly status: 'load' | 'busy';
      /** The as-of for the load to come; null if Redis is full and could not make one. */
      readonly asOf: LogicalTime | null;
      /** A valid entry past its fresh life. */
      readonly stale: SharedEntry | null;
    };

/** `any`: a valid entry answers. `none`: only an as-of for a load is answered. `drop`: the same, and the entry is deleted. */
export type ReadMode = 'any' | 'none' | 'drop';

export interface SharedStore {
  /** Reads the entry of the key. Reads of one turn travel in one call. */
  read(key: string, owner: string, mode: ReadMode, least: LogicalTime | null): Promise<SharedRead>;
  /** Asks for the news of the log alone. */
  follow(): Promise<void>;
  /** Stores an answer unless it may be older than what its tags allow, and gives the lease back. */
  fill(key: string, owner: string, fill: Fill): Promise<FillStatus>;
  /** Gives the lease back when there is nothing to store. */
  release(key: string, owner: string): Promise<FillStatus>;
  /**
   * Answers the logical time at which every entry with one of the tags became invalid, or null if Redis was full and dropped all
   * entries. The expected tags have been invalidated before: if the store has lost one of them, every entry becomes invalid.
   */
  invalidate(tags: readonly string[], expected?: readonly string[]): Promise<LogicalTime | null>;
  /**
   * Deletes entries with one of the tags, some keys at a time, from a place on. It is '0' at the beginning and at the end. Spent tags are
   * those on which nothing else depends.
   */
  forget(tags: readonly string[], spent: readonly string[], place: string): Promise<Forgetting>;
  /**
   * Notes that the outbox was drained so many ms ago, and gives the lease back. A lease that was lost meanwhile notes nothing, and null
   * stands for a drain that needed none.
   */
  noteDrain(lease: string | null, agoMs: number): Promise<void>;
  /** Describes the entry of the key, and the last invalidations of its tags and of these. Changes nothing, not even garbage. */
  describe(key: string, tags: readonly string[]): Promise<SharedDescription>;
  /** What all isolates have counted in so many minutes up to the present one. */
  readCounts(minutes: number): Promise<CountedMinutes>;
}

/** A part of the walk that deletes entries. */
export interface Forgetting {
  /** The place from which the next call goes on. */
  readonly next: string;
  readonly deleted: number;
}

export interface Fill {
  readonly asOf: LogicalTime;
  readonly payload: string;
  readonly tags: readonly string[];
  readonly freshMs: number;
  readonly staleMs: number;
  /** `<born ms>:<mac>` of an entry that must be authentic. */
  readonly seal?: string;
}

const FillStatus = z.enum(['stored', 'released', 'epoch', 'ahead', 'late', 'older', 'invalidated', 'full']);
export type FillStatus = z.infer<typeof FillStatus>;

/** Has the reads of one request look whether a drain of the outbox is due. */
export interface DrainWatch {
  readonly everyMs: number;
  /** Called when a read was given the lease of a drain: nobody else will drain until it is given back or ends. */
  onDue(lease: string): void;
}

export interface SharedStoreSettings {
  /** Names the database: deployments of one database invalidate each other, others do not. */
  readonly databaseId: string;
  /** Names the version and the configuration that answers depend on. */
  readonly variant: string;
  readonly leaseMs: number;
  /** The newest logical time that this isolate has seen. */
  readonly newest?: NewestTime;
  /** Follows the log of invalidated tags for this isolate. */
  readonly log?: LogReader | null;
  /** Reports what this isolate has counted. */
  readonly counts?: CountsReporter;
  /** Has reads look whether a drain is due. */
  readonly drains?: DrainWatch | null;
  /** Called when a loss is found in the store. */
  readonly onForgot?: (what: Forgotten) => void;
}

/** The kind of a loss in the store: its logical time, or tags. */
export type Forgotten = 'tags' | 'time';

/** The key of the note about the last loss: its kind and its time in µs. It lives as long as an entry from before the loss may. */
export function forgotKeyOf(databaseId: string): string {
  return `ea:{${databaseId}}:forgot`;
}

/** The key of the time of the last drain, in µs by the store's clock. */
export function drainedKeyOf(databaseId: string): string {
  return `ea:{${databaseId}}:drained`;
}

/** A load ends long before this. A later fill comes from a request that hung. */
const MAX_AS_OF_AGE_MS = 30_000;

/** This is far below the engines' limits on keys and, with answers of usual size, on the length of a reply. */
const READS_PER_CALL = 100;

const InvalidateReply = z.union([z.string(), z.tuple([z.string(), z.enum(['tags', 'time'])])]);

/** The shared store over its scripts. Its calls reject if Redis fails, or gives a reply that the script cannot have given. */
export function makeSharedStore(
  run: RunScript,
  settings: SharedStoreSettings,
  { now }: Pick<Clock, 'now'> = systemClock,
): SharedStore {
  const names = namesOf(settings);
  const { clock, prefix, keysOf, commonArgs } = names;
  const readAll = makeReadAll(run, settings, names, now);
  // It is made at the first use, because most requests are answered from memory.
  let read: ((asked: Read) => Promise<SharedRead>) | undefined;

  return {
    read(key, owner, mode, least) {
      read ??= makeBatcher(readAll, { maxPerCall: READS_PER_CALL, schedule: queueMicrotask });
      return read({ key, owner, mode, least });
    },
    follow: async () => void (await readAll([])),
    async fill(key, owner, fill) {
      const { asOf, payload, tags, freshMs, seal = '' } = fill;
      const life = [`${freshMs}`, `${lifeMsOf(fill)}`, `${MAX_AS_OF_AGE_MS}`];
      const args = [owner, formatLogicalTime(asOf), payload, tags.join('\n'), ...life, seal];
      return FillStatus.parse(await run(scripts.fill, keysOf(key), [...commonArgs(), ...args]));
    },
    async release(key, owner) {
      const args = [owner, '', '', '', '0', '0', '0', ''];
      return FillStatus.parse(await run(scripts.fill, keysOf(key), [...commonArgs(), ...args]));
    },
    async invalidate(tags, expected = []) {
      const keys = [clock, ...expected.map((tag) => `${prefix}tag:${tag}`)];
      const args = [...commonArgs(), newestOf(settings.newest), ...tags];
      const reply = InvalidateReply.parse(await run(scripts.invalidate, keys, args));
      const [text, forgotten] = typeof reply === 'string' ? [reply] : reply;
      const time = parseLogicalTime(text);
      noteTime(settings.newest, time);
      if (forgotten) settings.onForgot?.(forgotten);
      if (!time && text !== '') throw new Error('the invalidation answered no logical time');
      return time;
    },
    forget: (tags, spent, place) => forgetEntries(run, names, [place, tags.join('\n'), spent.join('\n')]),
    async noteDrain(lease, agoMs) {
      const args = [lease ?? '', `${Math.max(0, Math.round(agoMs))}`];
      await run(scripts.noteDrain, [clock], [...commonArgs(), ...args]);
    },
    async describe(key, tags) {
      const keys = keysOf(key);
      const further = tags.slice(0, MAX_ENTRY_TAGS).join('\n');
      const reply = await run(explainScript, keys, [...commonArgs(), further]);
      return toSharedDescription(keys[1], settings.leaseMs, reply);
    },
    readCounts: (minutes) => readCountedMinutes(run, names, minutes),
  };
}

const ForgetReply = z.tuple([z.string(), z.number()]);

async function forgetEntries(
  run: RunScript,
  { clock, commonArgs }: Names,
  args: readonly string[],
): Promise<Forgetting> {
  const [next, deleted] = ForgetReply.parse(await run(scripts.forget, [clock], [...commonArgs(), ...args]));
  return { next, deleted };
}

/** The whole life of an entry, fresh and stale. */
export function lifeMsOf({ freshMs, staleMs }: Pick<Fill, 'freshMs' | 'staleMs'>): number {
  return Math.min(freshMs + staleMs, LONGEST_LIFE_MS);
}
