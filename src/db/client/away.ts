import { NeonDbError } from '@neondatabase/serverless';
import { DrizzleQueryError } from 'drizzle-orm/errors';

/** Classes of SQLSTATE that speak of the server and not of the statement: Appendix A of Postgres' manual. */
const SERVER_CLASSES = new Set(['08', '28', '3D', '53', '57', '58']);
/** Of class 57, but about one statement that took too long. */
const QUERY_CANCELED = '57014';

/** Whether the error says that Postgres could not be asked, rather than that it refused, or answered oddly, just this. */
export function isPostgresAway(error: unknown): boolean {
  // The driver's own, which Drizzle wraps for a single statement and not for a batch.
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (!(cause instanceof NeonDbError)) return false;
  return cause.code !== QUERY_CANCELED && !isStatementRefused(cause);
}

/** Whether the driver's error says that Postgres refused a statement, which then is no reason to doubt another. */
export function isStatementRefused(error: unknown): boolean {
  const sqlState = error instanceof NeonDbError ? error.code : undefined;
  return sqlState !== undefined && !SERVER_CLASSES.has(sqlState.slice(0, 2));
}

/**
 * Of classes that say nothing against the statement: a transaction that was rolled back for another's sake or is in a state
 * that does not fit (a primary that became a replica), an object in use, and defects of the server.
 */
const PASSING_CLASSES = new Set([...SERVER_CLASSES, '25', '40', '55', 'XX']);

/** Of an answer that is larger than Neon sends, and of nothing else that queries here could come to. */
const PROGRAM_LIMIT_EXCEEDED = '54000';

/** Whether the error says that the answer is larger than Neon sends. */
export function isAnswerTooLarge(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof NeonDbError ? error.code === PROGRAM_LIMIT_EXCEEDED : isAnswerTooLarge(error.cause);
}

/** Whether the error says that Postgres refused a statement, and would refuse it again. */
export function isRefusedForGood(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const sqlState = error instanceof NeonDbError ? error.code : undefined;
  if (sqlState !== undefined) return !PASSING_CLASSES.has(sqlState.slice(0, 2));
  return isRefusedForGood(error.cause);
}
