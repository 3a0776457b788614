import * as z from 'zod';

/** Text that Postgres can hold and a page can show: well-formed, without control characters. */
// oxlint-disable-next-line no-control-regex -- control characters are what it excludes
const PLAIN = /^[^\u0000-\u001f\u007f-\u009f]*$/u;

/** One line of text, with lengths in UTF-16 code units. */
export function text(maxLength: number, minLength = 0) {
  return z
    .string()
    .min(minLength, minLength === 1 ? 'must not be empty' : `must have at least ${minLength} characters`)
    .max(maxLength, `must have at most ${maxLength} characters`)
    .regex(PLAIN, 'must not have control characters')
    .refine((value) => value.isWellFormed(), 'is not well-formed Unicode');
}

/** What RFC 5321 admits as a path. */
const MAX_EMAIL = 254;

export const Email = z.email('must be an e-mail address').max(MAX_EMAIL);

/** Long enough for signed links. */
const MAX_URL = 2_048;

export const WebUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .max(MAX_URL)
  // A URL's parser encodes what Postgres refuses, but what is kept is what was sent.
  .regex(PLAIN, 'must not have control characters')
  .refine((value) => value.isWellFormed(), 'is not well-formed Unicode');

const FIRST_DATE = Date.parse('1000-01-01T00:00:00Z');
const LAST_DATE = Date.parse('9999-12-31T23:59:59.999Z');

/** A time as Postgres and the table take it. */
export const DateTime = z.iso
  .datetime({ offset: true, abort: true, error: 'must be a date and time with its offset, by ISO 8601' })
  .refine((value) => {
    const time = Date.parse(value);
    return time >= FIRST_DATE && time <= LAST_DATE;
  }, 'must be in the years 1000 to 9999');

/** The time that the text spells, as rows have it. */
export function toDate(time: string | null | undefined): Date | null | undefined {
  return typeof time === 'string' ? new Date(time) : time;
}

/** A change by RFC 7396: any of the fields, and at least one. */
export function changesOf<S extends z.ZodRawShape>(shape: S) {
  return z
    .strictObject(shape)
    .partial()
    .refine((changes) => Object.keys(changes).length > 0, 'names no field to change');
}
