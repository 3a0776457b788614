import { deleteOldAuditRows } from '../db/reads/audit.ts';
import type { Db } from '../db/client/client.ts';
import { deleteOldChanges } from '../db/reads/change-feed.ts';
import { deleteOldDeletionRows, deleteOldDeletions } from '../db/writes/deletions.ts';
import { deleteForgottenAnswers } from '../db/writes/idempotency.ts';
import { makeDeps, type RequestContext, settingsOf } from '../deps.ts';
import type { Deps } from '../directory/deps.ts';
import { describeError } from '../lib/log.ts';

const MINUTE_MS = 60_000;
const HOUR_MIN = 60;

/** How much one run deletes of each table. */
export interface RetentionBounds {
  /** Rows that one statement deletes. */
  readonly portion: number;
  readonly maxPortions: number;
  /** After so long a run, in ms, no portion begins. */
  readonly budgetMs: number;
  readonly now: () => number;
}

// Each portion is short, and those of all tables stay within the thousand subrequests of an invocation. 500,000 rows an hour are
// more than 138 a second.
const BOUNDS: RetentionBounds = { portion: 5_000, maxPortions: 100, budgetMs: 30_000, now: Date.now };

/** True for one firing of the scheduled handler per hour, which deletes old rows. */
export function isRetentionDue(scheduledMs: number): boolean {
  return Math.floor(scheduledMs / MINUTE_MS) % HOUR_MIN === 0;
}

/**
 * Deletes rows past their retention, the oldest first. A run is bounded; the next hour continues, and the log says of which table
 * rows are left. Throws only when a var is wrong.
 */
export async function deleteOldRows(
  env: object,
  ctx: RequestContext,
  runId: string,
  bounds: RetentionBounds = BOUNDS,
): Promise<void> {
  const deps = makeDeps(env, ctx, undefined, runId);
  const settings = settingsOf(env);
  const { AUDIT_RETENTION_DAYS: days, CHANGES_KEPT_DAYS: keptDays } = settings;
  const run: Run = { ...bounds, log: deps.log, endsAtMs: bounds.now() + bounds.budgetMs };
  // Run together, so that an outage of Postgres costs one deadline and not two.
  await Promise.all([
    deleteInPortions(run, 'idempotency_keys', (limit) => deleteForgottenAnswers(deps.db, limit)),
    days > 0 && deleteInPortions(run, 'audit_log', (limit) => deleteOldAuditRows(deps.db, days, limit)),
    keptDays > 0 &&
      deleteInPortions(run, 'change_feed', (limit) => deleteOldChanges(deps.db, keptDays, limit)),
    deleteDeletions(run, deps.db, settings.DELETIONS_KEPT_DAYS),
  ]);
}

// A deletion stays as long as its rows, by which it is found.
async function deleteDeletions(run: Run, db: Db, days: number): Promise<void> {
  await deleteInPortions(run, 'deletion_rows', (limit) => deleteOldDeletionRows(db, days, limit));
  await deleteInPortions(run, 'deletions', (limit) => deleteOldDeletions(db, days, limit));
}

interface Run extends RetentionBounds, Pick<Deps, 'log'> {
  readonly endsAtMs: number;
}

async function deleteInPortions(
  { portion, maxPortions, endsAtMs, now, log }: Run,
  table: string,
  deletePortion: (limit: number) => PromiseLike<{ readonly rowCount: number }>,
): Promise<void> {
  let [rows, isBehind] = [0, true];
  try {
    for (let portions = 0; isBehind && portions < maxPortions && now() <= endsAtMs; portions++) {
      const { rowCount } = await deletePortion(portion);
      rows += rowCount;
      isBehind = rowCount >= portion;
    }
    if (isBehind && rows > 0) log.warn('retention_behind', { table, rows });
  } catch (error) {
    log.error('retention_failed', { table, error: describeError(error) });
  }
  if (rows > 0) log.info('old_rows_deleted', { table, rows });
}
