import { not, sql, type SQL } from 'drizzle-orm';
import { runBatch } from '../client/batch.ts';
import type { Db } from '../client/client.ts';
import { flag, nullable, text, texts, whole } from '../client/decoders.ts';
import { readRows } from '../client/results.ts';
import { NO_RIGHTS } from './protected-users.ts';
import {
  hasMoreProfiles,
  isAllowed,
  lockUser,
  MAX_DELETED_PROFILES,
  selectState,
  toState,
  type UserConditions,
  type UserWriteOutcome,
} from './users.ts';
import { type Authorship, writeBatch } from './write-batch.ts';

/** The counts of a person's rows before an erasure. */
export interface Traces {
  /** The time of the last erasure, ISO 8601 in UTC with microseconds; null: there was none. */
  readonly erasedAt: string | null;
  /** The time of this transaction, likewise. */
  readonly now: string;
  /** A user had the id. */
  readonly isKnown: boolean;
  readonly users: number;
  readonly userProfiles: number;
  readonly auditEntries: number;
  readonly changes: number;
  readonly deletionRows: number;
  readonly rememberedAnswers: number;
  /** Nothing is left for another erasure. */
  readonly isComplete: boolean;
  /** The cache tags of the user, and of the names and ids that it is known to have had. */
  readonly knownTags: string[];
}

export interface ErasureOutcome extends UserWriteOutcome {
  /** Null: one of the conditions forbade the erasure. */
  readonly traces: Traces | null;
}

/** Rows of each table that one erasure removes: some take a second. The next one goes on. */
const MAX_ERASED = 5_000;

/** The lock between an erasure and restores, which would bring back what the erasure looks for. */
const ERASURE_LOCK = 7_265_201_005;
/** The lock of whoever numbers the changes of the feed. */
const NUMBERING_LOCK = 7_265_201_006;

/** The first statement of a restore. */
export const lockErasuresShared: SQL = sql`select pg_advisory_xact_lock_shared(${ERASURE_LOCK})`;

/** Counts what an erasure would find; erases nothing. */
export async function selectErasure(
  db: Db,
  userId: number,
  conditions: UserConditions,
): Promise<ErasureOutcome> {
  const { state, traces } = await runBatch(db, {
    state: selectState(db, userId, conditions, NO_RIGHTS),
    traces: db.execute(sql`select ${columns} from traces_of_user(${userId}) as t`),
  });
  return { ...toState(state[0]), isDone: false, traces: toTraces(traces), tags: [] };
}

/** Removes the person from everything that Postgres holds, unless one of the conditions on the user forbids it. */
export async function eraseUserRow(
  db: Db,
  author: Authorship,
  userId: number,
  conditions: UserConditions,
): Promise<ErasureOutcome> {
  const isForbidden = sql`exists (
    select from users where users.id = ${userId}
      and not (${isAllowed(userId, conditions, NO_RIGHTS)} and ${not(hasMoreProfiles(MAX_DELETED_PROFILES))}))`;
  const { state, erased, tags } = await writeBatch(db, author, {
    // Before any row is locked, as the function and everybody else takes them.
    erasures: db.execute(sql`select pg_advisory_xact_lock(${ERASURE_LOCK})`),
    numbering: db.execute(sql`select pg_advisory_xact_lock(${NUMBERING_LOCK})`),
    ...lockUser(db, userId, NO_RIGHTS),
    state: selectState(db, userId, conditions, NO_RIGHTS),
    erased: db.execute(sql`
      select ${columns} from (select ${userId}::bigint as id where not ${isForbidden}) as asked, erase_user(asked.id, ${MAX_ERASED}) as t`),
  });
  const traces = toTraces(erased);
  return { ...toState(state[0]), isDone: traces !== null, traces, tags };
}

const instant = (at: SQL): SQL => sql`to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const columns = sql`${instant(sql`t.erased_at`)} as "erasedAt", ${instant(sql`now()`)} as now, t.is_known as "isKnown",
  t.users, t.user_profiles as "userProfiles", t.audit_entries as "auditEntries", t.changes,
  t.deletion_rows as "deletionRows", t.remembered_answers as "rememberedAnswers", t.is_whole as "isComplete",
  t.tags as "knownTags"`;

function toTraces(result: unknown): Traces | null {
  const [traces] = readRows(result, {
    erasedAt: nullable(text),
    now: text,
    isKnown: flag,
    users: whole,
    userProfiles: whole,
    auditEntries: whole,
    changes: whole,
    deletionRows: whole,
    rememberedAnswers: whole,
    isComplete: flag,
    knownTags: texts,
  });
  return traces ?? null;
}
