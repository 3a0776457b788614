import { DrizzleQueryError } from 'drizzle-orm/errors';

/** Classes of SQLSTATE that speak of the server and not of the statement: Appendix A of Postgres' manual. */
const SERVER_CLASSES = new Set(['08', '28', '3D', '53', '57', '58']);
/** Of class 57, but about one statement that took too long. */
const QUERY_CANCELED = '57014';

/** Whether the error says that Postgres could not be asked, rather than that it refused, or answered oddly, just this. */
export function isPostgresAway(error: unknown): boolean {
  if (!(error instanceof DrizzleQueryError)) return false;
  const { cause } = error;
  const sqlState = cause && 'code' in cause ? cause.code : undefined;
  if (typeof sqlState !== 'string') return true;
  return sqlState !== QUERY_CANCELED && SERVER_CLASSES.has(sqlState.slice(0, 2));
}
