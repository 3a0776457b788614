import type { Outbox, OutboxRow } from '../../src/cache/drain.ts';
import { EVERYTHING } from '../../src/cache/memory/invalidations.ts';

/** The outbox of a run, with what the triggers do to it. */
export interface FilledOutbox {
  readonly outbox: Outbox;
  add(tags: readonly string[]): void;
}

interface Row {
  readonly id: number;
  readonly tags: readonly string[];
  readonly invalidatedMs: number | undefined;
}

/** The time between the two passes of the drain, as in the product's outbox. */
const CONFIRM_AFTER_MS = 10_000;

export function makeOutbox(now: () => number): FilledOutbox {
  const rows = new Map<number, Row>();
  let last = 0;

  const isDue = ({ invalidatedMs }: Row): boolean =>
    invalidatedMs === undefined || now() >= invalidatedMs + CONFIRM_AFTER_MS;
  const toOutboxRow = ({ id, tags, invalidatedMs }: Row): OutboxRow => ({
    id,
    tags,
    invalidatedAgoMs: invalidatedMs === undefined ? null : now() - invalidatedMs,
  });

  const add = (tags: readonly string[]): void => {
    last += 1;
    rows.set(last, { id: last, tags, invalidatedMs: undefined });
  };

  return {
    add,
    outbox: {
      async selectDue(limit) {
        return [...rows.values()].filter(isDue).slice(0, limit).map(toOutboxRow);
      },
      async collapse(limit) {
        const due = [...rows.values()].filter(isDue).slice(0, limit);
        for (const { id } of due) rows.delete(id);
        if (due.length > 0) add([EVERYTHING]);
        return due.length;
      },
      async markInvalidated(ids, byEverything) {
        for (const id of ids) {
          const row = rows.get(id);
          if (row) rows.set(id, { id, tags: byEverything ? [EVERYTHING] : row.tags, invalidatedMs: now() });
        }
      },
      async delete(ids) {
        for (const id of ids) rows.delete(id);
      },
    },
  };
}
