import { DrizzleQueryError } from 'drizzle-orm/errors';

/** What an error says, on one line. */
export function describe(error: unknown): string {
  // A host with several addresses, all of which refuse.
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ');
  // Its own message is the whole statement.
  if (error instanceof DrizzleQueryError) return describe(error.cause);
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}
