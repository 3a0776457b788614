import { DrizzleQueryError } from '../drizzle/orm.ts';

/** The message of an error, on one line. */
export function describe(error: unknown): string {
  // A host with several addresses fails with one error for each of them.
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ');
  // The message of this class is the whole statement.
  if (error instanceof DrizzleQueryError) return describe(error.cause);
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}
