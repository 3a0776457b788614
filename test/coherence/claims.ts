import type { Token } from '../../src/cache/logical-time.ts';
import { FRESH_MS, MEMORY_MS } from './isolate.ts';
import { type KeptAnswers, makeKeptAnswers, type Visit } from './kept-answers.ts';
import { type Answer, answerOf, LOOK_UPS, type LookUpKey } from './look-ups.ts';
import { type Commit, copyStored, type Stored, tagsOf } from './model-database.ts';

/** A read when it begins. */
export interface ReadBegin extends Visit {
  readonly maxAgeMs: number | undefined;
  readonly token: Token | undefined;
  /** It must be answered from the database: `no-cache`, or a token that nothing can satisfy. */
  readonly isFromOrigin: boolean;
}

/** The writes before a read that its answer must show. */
export interface Debt {
  /** It must answer what was so at this position in the order of commits, or later. */
  readonly since: number;
  /** The same, for an answer that is not marked as standing in for a failing origin. */
  readonly sinceUnlessStale: number;
  /** Writes that its answer must not lack: none of them came after it and changed what it depends on. */
  readonly due: readonly DueWrite[];
}

/** A write, and how often tags of it had been lost when it fell due: a later loss takes that back. */
interface DueWrite {
  readonly write: Write;
  readonly losses: number;
}

/**
 * Who may count on what. The property:
 *
 * A read answers what its look-up answered at some moment, and no write that is *due* to the read when it begins came
 * after that moment and changed what the answer depends on. A write is due
 * - in an isolate, from when that isolate has confirmed its invalidation: its own service call, or a drain that had to
 *   find its row in the outbox;
 * - everywhere, one memory lifetime (or the read's max-age, if shorter) after the first such confirmation.
 * If Redis loses a tag of the write, what was confirmed before counts no more, for reads under way as well: the next
 * confirmation does, or the second pass of a drain that had to find a tag of its first lost, whatever that was, or a read or
 * an invalidation of an isolate that had received a later time than Redis has.
 * The moment itself is no earlier than
 * - the write whose token the read carries;
 * - the beginning of the read, if it must be answered from the database;
 * - one fresh life and one memory lifetime before the read, unless the answer is marked as standing in for a failing
 *   origin, and whatever became of any invalidation;
 * - what the isolate's memory is known to hold, and what Redis is known to have held for the life of an entry in memory.
 */
export interface Claims {
  readonly kept: KeptAnswers;
  noteCommit(commit: Commit, after: Stored, atMs: number): void;
  noteToken(commit: number, token: Token): void;
  /** The number of losses so far. */
  losses(): number;
  /** The isolate has seen an invalidation succeed that began when there had been so many losses. */
  noteConfirmed(commit: number, isolate: string, atMs: number, losses: number): void;
  /** The number of commits so far. */
  commits(): number;
  /**
   * A drain had to find that Redis has lost a tag, or a call that its clock is behind: since then nothing is valid that was
   * stored before.
   */
  noteNewEpoch(commits: number, atMs: number): void;
  /** The number of such epochs so far. */
  epochs(): number;
  /** All but so many of them are forgotten, and what they ended is back. */
  noteEpochsLost(left: number): void;
  /** Redis has run an invalidation of the tags. */
  noteInvalidated(tags: readonly string[]): void;
  /** Redis has lost the tags; null: every invalidation, with the clock that a full Redis had deleted. */
  noteLost(tags: readonly string[] | null): void;
  /** The clock by which Redis ages entries was set back. */
  noteStepBack(ms: number): void;
  debtOf(read: ReadBegin): Debt;
  /** Answers, as JSON, that pay the debt. */
  allowed(key: LookUpKey, since: number, due: readonly DueWrite[]): string[];
  /** The first commit that has this answer among those that pay the debt. */
  commitOf(key: LookUpKey, since: number, answer: string): number;
}

/** The answer of a look-up from one commit until another. */
interface Version {
  readonly commit: number;
  readonly answer: string;
  readonly tags: readonly string[];
}

interface Write {
  readonly commit: number;
  readonly committedAtMs: number;
  /** The tags of its changes, by triggers that no mutation has altered. */
  readonly tags: readonly string[];
  token?: Token;
  readonly confirmedBy: Set<string>;
  confirmedAtMs: number | null;
  /** The number of times that Redis has lost tags of it. */
  losses: number;
  /** The epoch that confirmed it when nothing else had. */
  epoch: number | null;
}

export function makeClaims(atFirst: Stored): Claims {
  const writes: Write[] = [];
  const lost = new Map<string, number>();
  let losses = 0;
  let epochs = 0;
  const kept = makeKeptAnswers();
  const history = makeHistory();
  let steppedBackMs = 0;
  let before = copyStored(atFirst);
  history.note(0, before);

  const latestWhere = (isMeant: (write: Write) => boolean): number => writes.findLast(isMeant)?.commit ?? 0;

  return {
    kept,
    noteCommit({ number, change }, after, committedAtMs) {
      const tags = tagsOf(change, before, after);
      const confirmations = { confirmedBy: new Set<string>(), confirmedAtMs: null, losses: 0, epoch: null };
      writes.push({ commit: number, committedAtMs, tags, ...confirmations });
      before = copyStored(after);
      history.note(number, before);
    },
    noteToken(commit, token) {
      for (const write of writes) if (write.commit === commit) write.token = token;
    },
    losses: () => losses,
    noteConfirmed(commit, isolate, atMs, lossesBefore) {
      const isLostSince = (tag: string): boolean => (lost.get(tag) ?? 0) > lossesBefore;
      for (const write of writes) {
        if (write.commit !== commit || namesOf(write).some(isLostSince)) continue;
        write.confirmedBy.add(isolate);
        write.confirmedAtMs ??= atMs;
      }
    },
    commits: () => writes.length,
    noteNewEpoch(commits, atMs) {
      epochs += 1;
      for (const write of writes) {
        if (write.commit > commits || write.confirmedAtMs !== null) continue;
        write.confirmedAtMs = atMs;
        write.epoch = epochs;
      }
    },
    epochs: () => epochs,
    noteEpochsLost(left) {
      for (const write of writes) if (write.epoch !== null && write.epoch > left) forget(write);
    },
    noteInvalidated(tags) {
      if (tags.includes('everything')) lost.clear();
      for (const tag of tags) lost.delete(tag);
    },
    noteLost(tags) {
      losses += 1;
      for (const tag of tags ?? writes.flatMap(namesOf)) lost.set(tag, losses);
      for (const write of writes)
        if (!tags || namesOf(write).some((tag) => tags.includes(tag))) forget(write);
    },
    noteStepBack: (ms) => void (steppedBackMs += ms),
    debtOf(read) {
      const withToken = latestWhere(({ token }) => read.token !== undefined && token === read.token);
      const since = Math.max(kept.latest(read), withToken, read.isFromOrigin ? writes.length : 0);
      const agedOutMs = read.atMs - FRESH_MS - MEMORY_MS - steppedBackMs;
      const agedOut = latestWhere(({ committedAtMs }) => committedAtMs < agedOutMs);
      const due = writes
        .filter((write) => isDue(write, read))
        .map((write) => ({ write, losses: write.losses }));
      return { since, sinceUnlessStale: Math.max(since, agedOut), due };
    },
    allowed: (key, since, due) =>
      history
        .since(key, since)
        .filter((version) => due.every((owed) => isPaid(owed, version)))
        .map(({ answer }) => answer),
    commitOf: (key, since, text) =>
      history.since(key, since).find(({ answer }) => answer === text)?.commit ?? 0,
  };
}

interface History {
  note(commit: number, stored: Stored): void;
  /** Versions that were still so at this commit, or came later. */
  since(key: LookUpKey, commit: number): (Version & { readonly until: number })[];
}

function makeHistory(): History {
  const all = new Map<LookUpKey, Version[]>(LOOK_UPS.map((key) => [key, []]));
  return {
    note(commit, stored) {
      for (const [key, versions] of all) {
        const { value, tags } = answerOf(key, stored);
        const version = { commit, answer: toJson(value), tags };
        const last = versions.at(-1);
        if (last?.answer !== version.answer || last.tags.join() !== tags.join()) versions.push(version);
      }
    },
    since(key, commit) {
      const versions = all.get(key) ?? [];
      return versions
        .map((version, at) => ({ ...version, until: versions[at + 1]?.commit ?? Infinity }))
        .filter(({ until }) => until > commit);
    },
  };
}

export function toJson(answer: Answer): string {
  return JSON.stringify(answer);
}

function isPaid({ write, losses }: DueWrite, version: Version & { readonly until: number }): boolean {
  return write.losses > losses || write.commit < version.until || !touches(write, version);
}

function touches({ tags }: Write, version: Version): boolean {
  return tags.includes('everything') || tags.some((tag) => version.tags.includes(tag));
}

// A drain that has `everything` to tell tells nothing else: the loss of that tag may be the loss of any.
function namesOf({ tags }: Write): readonly string[] {
  return [...tags, 'everything'];
}

function forget(write: Write): void {
  write.losses += 1;
  write.confirmedBy.clear();
  write.confirmedAtMs = null;
  write.epoch = null;
}

function isDue({ confirmedBy, confirmedAtMs }: Write, { isolate, atMs, maxAgeMs }: ReadBegin): boolean {
  if (confirmedBy.has(isolate)) return true;
  if (confirmedAtMs === null) return false;
  return maxAgeMs === 0 || atMs > confirmedAtMs + Math.min(MEMORY_MS, maxAgeMs ?? MEMORY_MS);
}
