import { deleteOldAuditRows } from '../db/reads/audit.ts';
import { deleteOldChanges } from '../db/reads/change-feed.ts';
import { deleteOldDeletionRows, deleteOldDeletions } from '../db/writes/deletions.ts';
import { deleteForgottenAnswers } from '../db/writes/idempotency.ts';
import { makeDeps, type RequestContext, settingsOf } from '../deps.ts';
import type { Deps } from '../directory/deps.ts';
import { describeError } from '../lib/log.ts';

const MINUTE_MS = 60_000;
const HOUR_MIN = 60;
/** Each portion is short, and ten an hour delete more than a million rows a day. */
const PORTION = 5_000;
const MAX_PORTIONS = 10;

/** True for one firing of the scheduled handler per hour, which deletes old rows. */
export function isRetentionDue(scheduledMs: number): boolean {
  return Math.floor(scheduledMs / MINUTE_MS) % HOUR_MIN === 0;
}

/**
 * Deletes rows past their retention, the oldest first. The number per run is bounded; the next hour continues.
 * Throws only when a var is wrong.
 */
export async function deleteOldRows(env: object, ctx: RequestContext, runId: string): Promise<void> {
  const deps = makeDeps(env, ctx, undefined, runId);
  const settings = settingsOf(env);
  const { AUDIT_RETENTION_DAYS: days, CHANGES_KEPT_DAYS: keptDays } = settings;
  // Run together, so that an outage of Postgres costs one deadline and not two.
  await Promise.all([
    deleteInPortions(deps, 'idempotency_keys', () => deleteForgottenAnswers(deps.db, PORTION)),
    days > 0 && deleteInPortions(deps, 'audit_log', () => deleteOldAuditRows(deps.db, days, PORTION)),
    keptDays > 0 && deleteInPortions(deps, 'change_feed', () => deleteOldChanges(deps.db, keptDays, PORTION)),
    deleteDeletions(deps, settings.DELETIONS_KEPT_DAYS),
  ]);
}

// A deletion stays as long as its rows, by which it is found.
async function deleteDeletions(deps: Deps, days: number): Promise<void> {
  await deleteInPortions(deps, 'deletion_rows', () => deleteOldDeletionRows(deps.db, days, PORTION));
  await deleteInPortions(deps, 'deletions', () => deleteOldDeletions(deps.db, days, PORTION));
}

async function deleteInPortions(
  { log }: Deps,
  table: string,
  deletePortion: () => PromiseLike<{ readonly rowCount: number }>,
): Promise<void> {
  let rows = 0;
  try {
    for (let portions = 0; portions < MAX_PORTIONS; portions++) {
      const { rowCount } = await deletePortion();
      rows += rowCount;
      if (rowCount < PORTION) break;
    }
  } catch (error) {
    log.error('retention_failed', { table, error: describeError(error) });
  }
  if (rows > 0) log.info('old_rows_deleted', { table, rows });
}
