import type { Outbox } from '../../../src/cache/drain.ts';

/** The most that one look at the outbox has brought. */
export interface Held {
  rows: number;
  tags: number;
  /** As JSON. */
  bytes: number;
}

/** An outbox that notes the most that a drain has held at a time. */
export function watchOutbox(outbox: Outbox): Outbox & { readonly most: Held } {
  const most: Held = { rows: 0, tags: 0, bytes: 0 };
  return {
    ...outbox,
    most,
    async selectDue(limit) {
      const rows = await outbox.selectDue(limit);
      const tags = rows.reduce((sum, row) => sum + row.tags.length, 0);
      most.rows = Math.max(most.rows, rows.length);
      most.tags = Math.max(most.tags, tags);
      most.bytes = Math.max(most.bytes, JSON.stringify(rows).length);
      return rows;
    },
  };
}
