import { sql } from 'drizzle-orm';
import { type AnyPgColumn, bigint, boolean, check, text, timestamp } from 'drizzle-orm/pg-core';

export const idColumn = () => bigint('id', { mode: 'number' }).generatedByDefaultAsIdentity().primaryKey();
export const revisionColumn = () => bigint('revision', { mode: 'number' }).notNull().default(1);
export const flag = (name: string, preset: boolean) => boolean(name).notNull().default(preset);
export const words = (name: string, preset = '') => text(name).notNull().default(preset);
export const optionalTime = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
export const time = (name: string) => optionalTime(name).notNull().defaultNow();

/** Beyond 2^53 a JavaScript number names another row. */
export const isSafe = (column: AnyPgColumn) => sql`${column} between 1 and 9007199254740991`;
/**
 * The check of a table's dates, each of them in the years 1000 to 9999: Postgres knows 'infinity' and the year 294276, and
 * JavaScript takes the year 1 for 2001.
 */
export const dates = (name: string, ...columns: AnyPgColumn[]) =>
  check(`${name}_dates`, sql.join(columns.map(isDate), sql` and `));
const isDate = (column: AnyPgColumn) =>
  sql`${column} between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00'`;

/** An entry of a B-tree may have 2,704 bytes; what the service writes is shorter than this many characters. */
const LISTED_CHARACTERS = 300;

/** Text in the order of its bytes, whatever the database's language: prefixes are ranges of it. */
export const inBytes = (column: AnyPgColumn) =>
  sql`(left(${column}, ${sql.raw(String(LISTED_CHARACTERS))}) collate "C")`;

/** As much of a text as lists are ordered by. */
export const listedPart = (whole: string): string => Array.from(whole).slice(0, LISTED_CHARACTERS).join('');
