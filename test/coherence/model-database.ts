/** A row; the revision is unique among all versions of all rows. */
export interface Row {
  readonly id: number;
  readonly name: string;
  readonly revision: number;
}

/** What a statement does. `put` creates or renames; `everything` changes every row in one statement of many rows. */
export type Change =
  | { readonly op: 'put'; readonly id: number; readonly name: string }
  | { readonly op: 'delete'; readonly id: number }
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
  readonly tags: readonly string[];
}

/** Postgres, as far as the cache depends on it: rows, triggers and the outbox, in memory. */
export interface Database {
  /** Ids and names that rows may have. */
  readonly rows: ReadonlyMap<number, Row>;
  readonly outbox: Map<number, OutboxEntry>;
  /** Takes the id of the outbox row, as a statement does; the change is committed later. */
  begin(): Transaction;
}

interface Transaction {
  /** Null when the statement changes nothing or is refused. */
  commit(change: Change): Commit | null;
}

type Pair = readonly [before: Row | undefined, after: Row | undefined];

export function makeDatabase(): Database {
  let lastId = 0;
  let commits = 0;
  let revisions = 0;
  const rows = new Map<number, Row>();
  const outbox = new Map<number, OutboxEntry>();

  const apply = (change: Change): Pair[] => {
    if (change.op === 'everything') return [...rows.values()].map((row) => write(row.id, row.name));
    if (change.op === 'put')
      return isNameTaken(change.id, change.name) ? [] : [write(change.id, change.name)];
    const before = rows.get(change.id);
    rows.delete(change.id);
    return before ? [[before, undefined]] : [];
  };
  const isNameTaken = (id: number, name: string): boolean =>
    [...rows.values()].some((row) => row.name === name && row.id !== id);
  const write = (id: number, name: string): Pair => {
    const before = rows.get(id);
    const after = { id, name, revision: ++revisions };
    rows.set(id, after);
    return [before, after];
  };

  return {
    rows,
    outbox,
    begin() {
      const id = ++lastId;
      return {
        commit(change) {
          const pairs = apply(change);
          if (pairs.length === 0) return null;
          const tags = change.op === 'everything' ? ['everything'] : tagsOf(pairs);
          outbox.set(id, { id, commit: ++commits, tags, invalidatedAtMs: null });
          return { number: commits, tags };
        },
      };
    },
  };
}

/** What the triggers write: a pure function of old and new rows. */
function tagsOf(pairs: readonly Pair[]): string[] {
  const versions = pairs.flat().filter((row) => row !== undefined);
  return [...new Set(versions.flatMap(({ id, name }) => [`id:${id}`, `name:${name}`]))];
}
