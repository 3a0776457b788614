import { usageFailure } from '../failure.ts';
import type { Io } from '../io.ts';

/** The database of commands that speak to Postgres itself. */
export function requireDatabaseUrl({ env }: Io): string {
  const databaseUrl = env['DATABASE_URL'];
  if (!databaseUrl) throw usageFailure('DATABASE_URL is not set.');
  if (/^postgres(ql)?:\/\//.test(databaseUrl) && URL.canParse(databaseUrl)) return databaseUrl;
  throw usageFailure('DATABASE_URL is not a postgres:// URL.');
}
