import type { Outbox } from '../../src/cache/drain.ts';
import { LONGEST_LIFE_MS } from '../../src/cache/shared/entry-bounds.ts';
import type { Request } from './isolate.ts';
import type { Database, OutboxEntry } from './model-database.ts';
import type { Delay } from './timeline.ts';

/** The course of the statements of a drain. */
export interface DrainDelays {
  /** The time until the outbox is read. */
  readonly selectMs?: Delay;
  /** The time until rows are marked or deleted. */
  readonly writeMs?: Delay;
}

const CONFIRM_AFTER_MS = 10_000;

/** What each commit has been through, told apart from what the outbox says of it, which a bug may have spoilt. */
export interface Passes {
  /** Commits that a drain which looks now has to find. */
  toFind(nowMs: number): number[];
  noteCommit(commit: number, tags: readonly string[]): void;
  noteInvalidated(tags: readonly string[], nowMs: number): void;
  noteMarked(commit: number, nowMs: number): void;
  noteDeleted(commit: number): void;
  /** Redis has lost the tag; null: what it has is another state of it, in which nobody knows. */
  noteMissing(tag: string | null): void;
  /** Tags that a drain which looks now has to miss, each with how often it has been invalidated. */
  missing(nowMs: number): ReadonlyMap<string, number>;
  invalidations(tag: string): number;
}

interface Pass {
  readonly commit: number;
  readonly tags: readonly string[];
  /** Tags that Redis has invalidated since the commit, and since the first pass. */
  readonly pending: Set<string>;
  markedAtMs: number | null;
  isOver: boolean;
}

export function makePasses(): Passes {
  const passes = new Map<number, Pass>();
  const missing = new Set<string>();
  const counts = new Map<string, number>();
  const isDueAgain = ({ markedAtMs }: Pass, nowMs: number): boolean =>
    markedAtMs !== null && nowMs >= markedAtMs + CONFIRM_AFTER_MS;

  return {
    toFind: (nowMs) =>
      [...passes.values()]
        .filter((pass) => !pass.isOver && (pass.markedAtMs === null || isDueAgain(pass, nowMs)))
        .map(({ commit }) => commit),
    noteCommit: (commit, tags) =>
      void passes.set(commit, { commit, tags, pending: new Set(tags), markedAtMs: null, isOver: false }),
    noteMissing(tag) {
      if (tag === null) missing.clear();
      else missing.add(tag);
    },
    missing(nowMs) {
      const expected = [...passes.values()]
        .filter((pass) => !pass.isOver && isDueAgain(pass, nowMs))
        .filter(({ markedAtMs }) => markedAtMs !== null && nowMs < markedAtMs + LONGEST_LIFE_MS)
        .flatMap(({ tags }) => tags.filter((tag) => missing.has(tag)));
      return new Map(expected.map((tag) => [tag, counts.get(tag) ?? 0]));
    },
    invalidations: (tag) => counts.get(tag) ?? 0,
    noteInvalidated(tags, nowMs) {
      for (const tag of tags) {
        missing.delete(tag);
        counts.set(tag, (counts.get(tag) ?? 0) + 1);
      }
      for (const pass of passes.values()) {
        if (pass.markedAtMs !== null && !isDueAgain(pass, nowMs)) continue;
        for (const tag of tags.includes('everything') ? pass.tags : tags) pass.pending.delete(tag);
      }
    },
    // A mark or a deletion that no invalidation has preceded is none.
    noteMarked(commit, nowMs) {
      const pass = passes.get(commit);
      if (!pass || pass.pending.size > 0 || pass.markedAtMs !== null) return;
      pass.markedAtMs = nowMs;
      for (const tag of pass.tags) pass.pending.add(tag);
    },
    noteDeleted(commit) {
      const pass = passes.get(commit);
      if (pass && pass.markedAtMs !== null && pass.pending.size === 0) pass.isOver = true;
    },
  };
}

/** The outbox as a drain of this request sees it. */
export function makeOutbox(
  { clock, pause }: Request,
  { outbox }: Database,
  passes: Passes,
  delays: DrainDelays,
  onSelect: () => void,
): Outbox {
  const isDue = ({ invalidatedAtMs }: OutboxEntry): boolean =>
    invalidatedAtMs === null || clock.now() >= invalidatedAtMs + CONFIRM_AFTER_MS;
  const writeRows = async (ids: Iterable<number>, act: (row: OutboxEntry) => void): Promise<void> => {
    await pause(delays.writeMs);
    for (const id of ids) {
      const row = outbox.get(id);
      if (row) act(row);
    }
  };
  const mark = (row: OutboxEntry): void => {
    row.invalidatedAtMs ??= clock.now();
    passes.noteMarked(row.commit, clock.now());
  };

  return {
    async selectDue(limit) {
      await pause(delays.selectMs);
      onSelect();
      const rows = [...outbox.values()].filter(isDue).slice(0, limit);
      return rows.map((row) => toOutboxRow(row, clock.now()));
    },
    async collapse() {
      throw new Error('no run of the lab writes a backlog');
    },
    markInvalidated: (ids) => writeRows(ids, mark),
    delete: (ids) =>
      writeRows(ids, (row) => {
        outbox.delete(row.id);
        passes.noteDeleted(row.commit);
      }),
  };
}

function toOutboxRow({ id, tags, invalidatedAtMs }: OutboxEntry, nowMs: number) {
  return { id, tags, invalidatedAgoMs: invalidatedAtMs === null ? null : nowMs - invalidatedAtMs };
}
