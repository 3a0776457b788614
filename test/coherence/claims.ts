import type { Token } from '../../src/cache/logical-time.ts';
import { MEMORY_MS } from './isolate.ts';
import { type Answer, answerOf, LOOK_UPS, type LookUpKey } from './look-ups.ts';
import type { Commit, Row } from './model-database.ts';

/** What a read may count on when it begins. */
export interface ReadBegin {
  readonly key: LookUpKey;
  readonly isolate: string;
  readonly atMs: number;
  readonly maxAgeMs: number | undefined;
  readonly token: Token | undefined;
  /** It must be answered from the database: `no-cache`, or a token that nothing can satisfy. */
  readonly isFromOrigin: boolean;
}

/**
 * Who may count on what. The property:
 *
 * A read answers what its look-up answered in the database at, or at some time after, the latest write that is *due* to
 * it when it begins. A write is due to
 * - every read with its token, and every read that must be answered from the database, from its commit on;
 * - reads in an isolate from when that isolate has confirmed its invalidation: its own service call, or a drain that had
 *   to find its row in the outbox;
 * - all other reads one memory lifetime (or the read's max-age, if shorter) after the first such confirmation.
 * If Redis loses a tag of the write, what was confirmed before counts no more: the next confirmation does.
 */
export interface Claims {
  noteCommit(commit: Commit, rows: ReadonlyMap<number, Row>): void;
  noteToken(commit: number, token: Token): void;
  noteConfirmed(commit: number, isolate: string, atMs: number): void;
  /** Redis has run an invalidation of the tags. */
  noteInvalidated(tags: readonly string[]): void;
  /** Redis has lost the tags. */
  noteLost(tags: readonly string[]): void;
  /** Positions in the order of commits of the writes that a read must reflect, the latest last. */
  due(read: ReadBegin): number[];
  /** Answers, as JSON, that a read may have that must reflect this commit; those of later commits included. */
  allowed(key: LookUpKey, commit: number): string[];
}

interface Write {
  readonly commit: number;
  readonly tags: readonly string[];
  readonly changed: ReadonlySet<LookUpKey>;
  token?: Token;
  readonly confirmedBy: Set<string>;
  confirmedAtMs: number | null;
}

export function makeClaims(): Claims {
  const writes = new Map<number, Write>();
  const lost = new Set<string>();
  const history = new Map(LOOK_UPS.map((key) => [key, [{ commit: 0, answer: 'null' }]]));

  const noteAnswer = (key: LookUpKey, commit: number, answer: string): boolean => {
    const versions = history.get(key) ?? [];
    if (versions.at(-1)?.answer === answer) return false;
    versions.push({ commit, answer });
    return true;
  };

  return {
    noteCommit({ number, tags }, rows) {
      const changed = LOOK_UPS.filter((key) => noteAnswer(key, number, toJson(answerOf(key, rows).value)));
      const write = { commit: number, tags, changed: new Set(changed) };
      writes.set(number, { ...write, confirmedBy: new Set(), confirmedAtMs: null });
    },
    noteToken(commit, token) {
      const write = writes.get(commit);
      if (write) write.token = token;
    },
    noteConfirmed(commit, isolate, atMs) {
      const write = writes.get(commit);
      if (!write || write.tags.some((tag) => lost.has(tag))) return;
      write.confirmedBy.add(isolate);
      write.confirmedAtMs ??= atMs;
    },
    noteInvalidated(tags) {
      if (tags.includes('everything')) lost.clear();
      for (const tag of tags) lost.delete(tag);
    },
    noteLost(tags) {
      for (const tag of tags) lost.add(tag);
      for (const write of writes.values()) if (write.tags.some((tag) => tags.includes(tag))) forget(write);
    },
    due: (read) => [...writes.values()].filter((write) => isDue(write, read)).map(({ commit }) => commit),
    allowed(key, commit) {
      const versions = history.get(key) ?? [];
      const first = versions.findLastIndex((version) => version.commit <= commit);
      return versions.slice(Math.max(0, first)).map(({ answer }) => answer);
    },
  };
}

export function toJson(answer: Answer): string {
  return JSON.stringify(answer);
}

function forget(write: Write): void {
  write.confirmedBy.clear();
  write.confirmedAtMs = null;
}

function isDue(write: Write, { key, isolate, atMs, maxAgeMs, token, isFromOrigin }: ReadBegin): boolean {
  if (!write.changed.has(key)) return false;
  if (isFromOrigin || (token && write.token === token) || write.confirmedBy.has(isolate)) return true;
  if (write.confirmedAtMs === null) return false;
  return maxAgeMs === 0 || atMs > write.confirmedAtMs + Math.min(MEMORY_MS, maxAgeMs ?? MEMORY_MS);
}
