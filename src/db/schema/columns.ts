import { sql } from 'drizzle-orm';
import { type AnyPgColumn, bigint, boolean, check, text, timestamp } from 'drizzle-orm/pg-core';

export const idColumn = () => bigint('id', { mode: 'number' }).generatedByDefaultAsIdentity().primaryKey();
export const revisionColumn = () => bigint('revision', { mode: 'number' }).notNull().default(1);
export const flag = (name: string, preset: boolean) => boolean(name).notNull().default(preset);
export const words = (name: string, preset = '') => text(name).notNull().default(preset);
export const optionalTime = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
export const time = (name: string) => optionalTime(name).notNull().defaultNow();

/** Checks that a JavaScript number holds the id exactly; beyond 2^53 it would name another row. */
export const isSafe = (column: AnyPgColumn) => sql`${column} between 1 and 9007199254740991`;
/**
 * Checks that a table's dates are in the years 1000 to 9999. Postgres also admits 'infinity' and the year 294276, and JavaScript
 * takes the year 1 for 2001.
 */
export const dates = (name: string, ...columns: AnyPgColumn[]) =>
  check(`${name}_dates`, sql.join(columns.map(isDate), sql` and `));
const isDate = (column: AnyPgColumn) =>
  sql`${column} between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00'`;

/** Characters of a text that an index holds: an entry of a B-tree has at most 2,704 bytes, and the service writes shorter texts. */
const LISTED_CHARACTERS = 300;

/** Text in the order of its bytes, whatever the database's language, so that a prefix is a range. */
export const inBytes = (column: AnyPgColumn) =>
  sql`(left(${column}, ${sql.raw(String(LISTED_CHARACTERS))}) collate "C")`;

/** The beginning of a text by which lists are ordered. */
export const listedPart = (whole: string): string => Array.from(whole).slice(0, LISTED_CHARACTERS).join('');
