import type { Outbox, OutboxRow } from '../../src/cache/drain.ts';

/** The outbox of a run, with what the triggers do to it. */
export interface FilledOutbox {
  readonly outbox: Outbox;
  add(tags: readonly string[]): void;
}

interface Row {
  readonly id: number;
  readonly tags: readonly string[];
  invalidatedMs: number | undefined;
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

  return {
    add(tags) {
      last += 1;
      rows.set(last, { id: last, tags, invalidatedMs: undefined });
    },
    outbox: {
      async selectDue(limit) {
        return [...rows.values()].filter(isDue).slice(0, limit).map(toOutboxRow);
      },
      async collapse() {
        throw new Error('no fleet here writes so much that the drain falls behind');
      },
      async markInvalidated(ids) {
        for (const id of ids) {
          const row = rows.get(id);
          if (row) row.invalidatedMs = now();
        }
      },
      async delete(ids) {
        for (const id of ids) rows.delete(id);
      },
    },
  };
}
