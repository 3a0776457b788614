import { DrizzleQueryError } from 'drizzle-orm/errors';

/** Classes of SQLSTATE that speak of the server and not of the statement: Appendix A of Postgres' manual. */
const SERVER_CLASSES = new Set(['08', '28', '3D', '53', '57', '58']);
/** Of class 57, but about one statement that took too long. */
const QUERY_CANCELED = '57014';

/** Whether the error says that Postgres could not be asked, rather than that it refused, or answered oddly, just this. */
export function isPostgresAway(error: unknown): boolean {
  if (!(error instanceof DrizzleQueryError)) return false;
  const sqlState = sqlStateOf(error.cause);
  if (sqlState === undefined) return true;
  return sqlState !== QUERY_CANCELED && SERVER_CLASSES.has(sqlState.slice(0, 2));
}

/** Whether the driver's error says that Postgres refused a statement, which then is no reason to doubt another. */
export function isStatementRefused(error: unknown): boolean {
  const sqlState = sqlStateOf(error);
  return sqlState !== undefined && !SERVER_CLASSES.has(sqlState.slice(0, 2));
}

function sqlStateOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
