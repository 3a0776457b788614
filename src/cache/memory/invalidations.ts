import type { LogicalTime } from '../logical-time.ts';
import { makeRememberedTags, type Remembered } from './remembered-tags.ts';

/** The tag that every answer depends on. */
export const EVERYTHING = 'everything';

/** The parts of an entry that are held against invalidations. */
export interface Judged {
  readonly tags: readonly string[];
  /** Position in this isolate's order of reads and invalidations. */
  readonly order: number;
  readonly asOf: LogicalTime | null;
  /** The time of the same epoch at which the entry was known to be valid. */
  readonly validAtN: number;
  /** The version of the invalidations by which the entry was last found to be valid; -1 before the first time. */
  checked: number;
}

/** The tags that this isolate has invalidated itself, and those that the log has told it of. */
export interface Invalidations {
  /** The next position in this isolate's order of reads and invalidations. */
  nextOrder(): number;
  /** The position of this isolate's latest own invalidation; 0 before the first. */
  last(): number;
  /** Notes tags that this isolate has invalidated. */
  add(tags: readonly string[], nowMs: number): void;
  /** Notes tags that the log tells of. None of them was invalidated later than `through`. */
  addLogged(tags: readonly string[], through: LogicalTime, nowMs: number): void;
  /** The first tag that ends the entry, if any. */
  findEnding(entry: Judged): string | undefined;
  /** True if a tag ends the entry. Does no work for an entry that was checked since the last invalidation. */
  isEnded(entry: Judged): boolean;
}

/** No load takes longer. Only loads under way need tags against which all of memory has been held. */
const LONGEST_LOAD_MS = 35_000;

/**
 * An entry is ended by an own invalidation after its place in the isolate's order, and by a logged one after the time at which it
 * was known to be valid. `sweep` holds all of memory against the tags, before the old ones are forgotten.
 */
export function makeInvalidations(sweep: () => void): Invalidations {
  const remembered = makeRememberedTags();
  let epoch = '';
  let order = 0;
  let last = 0;
  let version = 0;
  /** Entries that were checked by an earlier version may be ended by tags that are forgotten. */
  let sweptVersion = 0;

  const addOwn = (tags: readonly string[], nowMs: number): void => {
    last = ++order;
    version += 1;
    for (const tag of tags) remembered.note(tag, nowMs).order = order;
  };
  const makeRoom = (nowMs: number): void => {
    if (!remembered.isTooMany()) return;
    sweep();
    sweptVersion = version;
    remembered.forgetBefore(nowMs - LONGEST_LOAD_MS);
    if (!remembered.isTooMany()) return;
    remembered.forgetBefore(Infinity);
    // That is cheaper, and as correct.
    addOwn([EVERYTHING], nowMs);
  };
  const findEnding = (entry: Judged): string | undefined => {
    if (ends(remembered.get(EVERYTHING), entry, epoch)) return EVERYTHING;
    for (const tag of entry.tags) if (ends(remembered.get(tag), entry, epoch)) return tag;
    return entry.checked < sweptVersion && ends(remembered.forgotten, entry, epoch) ? EVERYTHING : undefined;
  };

  return {
    nextOrder: () => ++order,
    last: () => last,
    add(tags, nowMs) {
      addOwn(tags, nowMs);
      makeRoom(nowMs);
    },
    addLogged(tags, through, nowMs) {
      if (through.epoch !== epoch) remembered.forgetLogged();
      epoch = through.epoch;
      if (tags.length === 0) return;
      version += 1;
      for (const tag of tags) remembered.note(tag, nowMs).n = through.n;
      makeRoom(nowMs);
    },
    findEnding,
    isEnded(entry) {
      if (entry.checked === version) return false;
      if (findEnding(entry) !== undefined) return true;
      entry.checked = version;
      return false;
    },
  };
}

function ends(
  known: Omit<Remembered, 'atMs'> | undefined,
  { asOf, order, validAtN }: Judged,
  epoch: string,
): boolean {
  return known !== undefined && (known.order > order || (known.n > validAtN && asOf?.epoch === epoch));
}
