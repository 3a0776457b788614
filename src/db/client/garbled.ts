import { NeonDbError } from '@neondatabase/serverless';

/** What came for an answer of Postgres cannot be one: a row has other columns, or a value is not of its type. */
export class GarbledAnswer extends Error {
  override readonly name = 'GarbledAnswer';
}

/** Whether something came for an answer, so that a write may well have been done, and could not be read. */
export function isGarbled(error: unknown): boolean {
  if (error instanceof GarbledAnswer) return true;
  // The driver has a cause of its own.
  if (error instanceof NeonDbError) return isGarbled(error.sourceError);
  return error instanceof Error && isGarbled(error.cause);
}
