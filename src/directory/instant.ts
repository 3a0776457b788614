import * as z from 'zod';
import { timeText } from './fields.ts';

const NO_TIME = 'must be an ISO 8601 time such as 2026-01-31T23:59:59Z';

/** Keeps microseconds, which `Date` drops, in UTC, and refuses years that Postgres does not accept. */
function toInstant(text: string, ctx: z.RefinementCtx<string>): string {
  const [, fraction = ''] = /\.(\d+)/.exec(text) ?? [];
  const [year] = Number.isNaN(Date.parse(text)) ? [''] : new Date(text).toISOString().split('-');
  if (!year || !/^(?!0000)\d{4}$/.test(year)) return (ctx.addIssue(NO_TIME), z.NEVER);
  return `${new Date(text).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length)}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
}

/** A time by which a list is filtered, to the microsecond. */
export const Instant = timeText(NO_TIME).transform(toInstant);
