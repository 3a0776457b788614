import { and, eq, getTableColumns, or, sql, type SQL } from 'drizzle-orm';
import type { AnyPgColumn, PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { type Results, runBatch, type Statements } from '../client/batch.ts';
import type { Db } from '../client/client.ts';
import { readTags, selectTagsOfTransaction } from '../outbox.ts';

/** The writer and the request that the audit log names. */
export interface Authorship {
  readonly actor: string;
  readonly requestId: string;
  /** The writer overrides the protection of last admins. */
  readonly isForced?: boolean | undefined;
  /** What the writer deletes is not kept for a restore. */
  readonly keepsNothing?: boolean | undefined;
}

/** A state of a row that the caller has seen. */
export interface RowState {
  readonly id?: number;
  readonly revision: number;
  /** The time at which the row was created, in whole milliseconds since 1970. */
  readonly sinceMs?: number;
}

/** Values of some columns; undefined leaves a column as it is. */
export type Values<Row> = { readonly [K in keyof Row]?: Row[K] | undefined };

/** Values to set; null sets a column that cannot be null to its default. */
export type Changes<Row> = { readonly [K in keyof Row]?: Row[K] | null | undefined };

/** Texts to set by their names; null removes one. */
export type MetadataPatch = Readonly<Record<string, string | null>>;

/** The outcome of a change or a deletion of one row. */
export interface WriteOutcome<Row> {
  /** True if the row was written or deleted. */
  readonly isDone: boolean;
  /** The row after the write; where it was deleted or left as it was, the row before it. Null: there is none. */
  readonly current: Row | null;
  /** The cache tags to invalidate once the write has committed. */
  readonly tags: string[];
}

/** The outcome of a creation: the rows, and the cache tags to invalidate once it has committed. */
export interface CreateOutcome<T> {
  readonly value: T;
  readonly tags: string[];
}

/**
 * Runs the statements in one transaction and one request, in the order in which the object names them. The audit log names
 * the author. Answers each result under the name of its statement, and the cache tags to invalidate. `author` and `tags` are the
 * names of its own two statements.
 */
export async function writeBatch<const S extends Statements>(
  db: Db,
  author: Authorship,
  statements: S,
): Promise<Results<S> & { readonly tags: string[] }> {
  const named = { author: nameAuthor(db, author), ...statements, tags: selectTagsOfTransaction(db) };
  const results = await runBatch(db, named);
  return { ...results, tags: readTags(results.tags) };
}

/** True if the row is in one of the states; null: any state. */
export function isInState(
  row: { id: AnyPgColumn; revision: AnyPgColumn; since: AnyPgColumn },
  states: readonly RowState[] | null,
): SQL | undefined {
  if (!states) return undefined;
  const matches = states.map(({ id, revision, sinceMs }) =>
    and(
      eq(row.revision, revision),
      id === undefined ? undefined : eq(row.id, id),
      sinceMs === undefined
        ? undefined
        : sql`floor(extract(epoch from ${row.since}) * 1000) = ${sinceMs}::bigint`,
    ),
  );
  return or(...matches) ?? sql`false`;
}

// The settings are local to the transaction, so that the audit log takes no other statement for the author's.
function nameAuthor(db: Db, { actor, requestId, isForced = false, keepsNothing = false }: Authorship) {
  return db.execute(sql`
    select set_config('edge_accounts.actor', ${actor}, true), set_config('edge_accounts.request_id', ${requestId}, true),
      set_config('edge_accounts.forced', ${String(isForced)}, true),
      set_config('edge_accounts.keep_deleted', ${keepsNothing ? 'off' : 'on'}, true)`);
}

/**
 * The values that an update sets. Metadata is merged into what the row has. It always sets the revision to itself, because SQL has no update of nothing; a trigger raises it.
 */
export function toSet(table: PgTable, changes: Readonly<Record<string, unknown>>): Record<string, SQL> {
  const columns: Readonly<Record<string, PgColumn>> = getTableColumns(table);
  const values = Object.entries(changes).map(([name, value]) => [name, toValue(columns[name], value)]);
  // Callers pass names and values of the table's columns, which Drizzle takes where it takes SQL.
  return { ...(Object.fromEntries(values) as Record<string, SQL>), revision: sql`revision` };
}

function toValue(column: PgColumn | undefined, value: unknown): unknown {
  if (value === undefined) return undefined;
  if (value === null) return column?.notNull ? sql`default` : value;
  if (column?.getSQLType() !== 'jsonb') return value;
  return sql`jsonb_strip_nulls(${column} || ${JSON.stringify(value)}::jsonb)`;
}

/** The name of the violated constraint; null: the error is about none. */
export function violatedConstraint(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const isViolation = 'code' in error && typeof error.code === 'string' && error.code.startsWith('23');
  if (isViolation && 'constraint' in error && typeof error.constraint === 'string') return error.constraint;
  return violatedConstraint(error.cause);
}
