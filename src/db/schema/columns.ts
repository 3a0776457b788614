import { sql, type SQL } from 'drizzle-orm';
import { type AnyPgColumn, bigint, boolean, check, customType, text, timestamp } from 'drizzle-orm/pg-core';
import { textsByName } from '../client/decoders.ts';

export const idColumn = () => bigint('id', { mode: 'number' }).generatedByDefaultAsIdentity().primaryKey();
export const revisionColumn = () => bigint('revision', { mode: 'number' }).notNull().default(1);
export const flag = (name: string, preset: boolean) => boolean(name).notNull().default(preset);
/** The id of a transaction. */
export const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' });
export const words = (name: string, preset = '') => text(name).notNull().default(preset);
const textMap = customType<{ data: Readonly<Record<string, string>>; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (map) => JSON.stringify(map),
  fromDriver: textsByName,
});

/** The name of a row in another system, and what other systems note about it. */
export const externalIdColumn = () => text('external_id');
export const metadataColumn = () =>
  textMap('metadata')
    .notNull()
    .default(sql`'{}'`);

/** Checks an external id as the schema of callers does. */
export const isExternalId = (column: AnyPgColumn) =>
  sql`char_length(${column}) between 1 and 255 and ${column} !~ '[\\u0001-\\u001f\\u007f-\\u009f]'`;

/** Checks what the schema of callers checks. Most rows have none, and a call of the function costs more than the comparison. */
export const isMetadata = (column: AnyPgColumn) => sql`${column} = '{}' or public.is_metadata(${column})`;

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

/**
 * Text without regard to case and accents, in the order of its bytes, whatever the database's language, so that a prefix is a range.
 * Postgres cuts it, as `listedPart` does, before and after it is folded.
 */
export const listed = (whole: AnyPgColumn | string) => sql`(public.listed_text(${whole}) collate "C")`;

/** Greater than each listed text that begins so: no character comes after the last one. */
export const endOfListed = (prefix: string) =>
  sql`(public.listed_text(${prefix}) || repeat(chr(1114111), ${sql.raw(String(LISTED_CHARACTERS))}))`;

/** The text that a search reads: the words of the columns, folded, each after a blank. */
export const searched = (...parts: readonly (AnyPgColumn | SQL)[]) =>
  sql`public.searched_text(${sql.join([...parts], sql` || ' ' || `)})`;

/** The beginning of a text by which lists are ordered. */
export const listedPart = (whole: string): string => Array.from(whole).slice(0, LISTED_CHARACTERS).join('');
