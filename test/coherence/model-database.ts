/** A row; the revision is unique among all versions of all rows. */
export interface Row {
  readonly id: number;
  readonly name: string;
  readonly revision: number;
}

/** The rows that loads read. */
export interface Stored {
  readonly rows: ReadonlyMap<number, Row>;
  /** The id of a row, which need not be there: a look-up of it depends on two things that change apart. */
  readonly chosen: number;
}

/** The effect of a statement. `put` creates or renames; `everything` changes every row in one statement of many rows. */
export type Change =
  | { readonly op: 'put'; readonly id: number; readonly name: string }
  | { readonly op: 'delete'; readonly id: number }
  | { readonly op: 'choose'; readonly id: number }
  | { readonly op: 'everything' };

export interface OutboxEntry {
  readonly id: number;
  readonly commit: number;
  readonly tags: readonly string[];
  invalidatedAtMs: number | null;
}

/** A committed transaction that changed something. */
export interface Commit {
  /** Position in the order of commits. */
  readonly number: number;
  readonly change: Change;
  readonly tags: readonly string[];
}

/** Postgres, as far as the cache depends on it: rows, triggers and the outbox, in memory. */
export interface Database {
  readonly stored: Stored;
  readonly outbox: Map<number, OutboxEntry>;
  /** Takes the id of the outbox row, as a statement does; the change is committed later. */
  begin(): Transaction;
}

export interface Transaction {
  /** Null when the statement changes nothing or is refused. */
  commit(change: Change): Commit | null;
}

export function makeDatabase(): Database {
  let lastId = 0;
  let commits = 0;
  let revisions = 1;
  const rows = new Map<number, Row>([[1, { id: 1, name: 'a', revision: 1 }]]);
  const stored = { rows, chosen: 1 };
  const outbox = new Map<number, OutboxEntry>();

  const put = (id: number, name: string): void => void rows.set(id, { id, name, revision: ++revisions });
  const isTaken = (id: number, name: string): boolean =>
    [...rows.values()].some((row) => row.name === name && row.id !== id);
  const apply = (change: Change): void => {
    if (change.op === 'everything') for (const { id, name } of rows.values()) put(id, name);
    else if (change.op === 'choose') stored.chosen = change.id;
    else if (change.op === 'delete') rows.delete(change.id);
    else if (!isTaken(change.id, change.name)) put(change.id, change.name);
  };

  return {
    stored,
    outbox,
    begin() {
      const id = ++lastId;
      return {
        commit(change) {
          const before = copyStored(stored);
          apply(change);
          if (isSame(before, stored)) return null;
          const tags = tagsOf(change, before, stored);
          outbox.set(id, { id, commit: ++commits, tags, invalidatedAtMs: null });
          return { number: commits, change, tags };
        },
      };
    },
  };
}

/** The tags that the triggers write: a pure function of each row's old and new columns. */
export function tagsOf(change: Change, before: Stored, after: Stored): string[] {
  if (change.op === 'everything') return ['everything'];
  if (change.op === 'choose') return ['chosen'];
  const versions = [before.rows.get(change.id), after.rows.get(change.id)];
  const tags = versions.flatMap((row) => (row ? [`id:${row.id}`, `name:${row.name}`] : []));
  return [...new Set(tags)];
}

export function copyStored({ rows, chosen }: Stored): Stored {
  return { rows: new Map(rows), chosen };
}

// Every write of a row raises the revisions, and deletes change their number.
function isSame(before: Stored, after: Stored): boolean {
  const revisionsOf = ({ rows }: Stored) => [...rows.values()].map(({ revision }) => revision).join();
  return before.chosen === after.chosen && revisionsOf(before) === revisionsOf(after);
}
