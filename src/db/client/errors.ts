import { NeonDbError } from '@neondatabase/serverless';
import { DrizzleQueryError } from 'drizzle-orm/errors';

/** Postgres' answer cannot be one to the statement: a row has other columns, or a value is not of its type. */
export class GarbledAnswer extends Error {
  override readonly name = 'GarbledAnswer';
}

/** True if an answer came that could not be read, so that a write may well have been done. */
export function isGarbled(error: unknown): boolean {
  if (error instanceof GarbledAnswer) return true;
  // Neon's error has its cause in a property of its own.
  if (error instanceof NeonDbError) return isGarbled(error.sourceError);
  return error instanceof Error && isGarbled(error.cause);
}

/** SQLSTATE classes which say that the server is unavailable, not that the statement was wrong: Postgres' manual, Appendix A. */
const UNAVAILABLE_CLASSES = new Set(['08', '28', '3D', '53', '57', '58']);
/** A code of class 57 that is about one statement, which took too long. */
const QUERY_CANCELED = '57014';

/** True if Postgres is unavailable. False when it refused this statement, or gave it an odd answer. */
export function isUnavailable(error: unknown): boolean {
  // Drizzle wraps the driver's error for a single statement, and does not for a batch.
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (!(cause instanceof NeonDbError)) return false;
  return cause.code !== QUERY_CANCELED && !isStatementRefused(cause);
}

/** True if Postgres refused one statement, which says nothing about other statements. */
export function isStatementRefused(error: unknown): boolean {
  const sqlState = error instanceof NeonDbError ? error.code : undefined;
  return sqlState !== undefined && !UNAVAILABLE_CLASSES.has(sqlState.slice(0, 2));
}

/**
 * SQLSTATE classes that say nothing against the statement: the transaction was rolled back because of another one or its state
 * does not fit (a primary became a replica), an object is in use, or the server has a defect.
 */
const PASSING_CLASSES = new Set([...UNAVAILABLE_CLASSES, '25', '40', '55', 'XX']);

/** The code of an answer that is larger than Neon sends; the statements here cause it in no other way. */
export const PROGRAM_LIMIT_EXCEEDED = '54000';

/** True if the answer is larger than Neon sends. */
export function isAnswerTooLarge(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof NeonDbError ? error.code === PROGRAM_LIMIT_EXCEEDED : isAnswerTooLarge(error.cause);
}

/** True if Postgres refused the statement, and would refuse it again. */
export function isRefusedForGood(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const sqlState = error instanceof NeonDbError ? error.code : undefined;
  if (sqlState !== undefined) return !PASSING_CLASSES.has(sqlState.slice(0, 2));
  return isRefusedForGood(error.cause);
}
