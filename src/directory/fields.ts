import * as z from 'zod';
import { ACCOUNT_NUMBER, ACCOUNT_NUMBER_FAULT } from './accounts/account-number.ts';
import type { FieldFault } from './errors.ts';

export const AccountNumber = z.string().regex(ACCOUNT_NUMBER, ACCOUNT_NUMBER_FAULT);

/** Text that Postgres can hold and a page can show: well-formed, without control characters. */
// oxlint-disable-next-line no-control-regex -- control characters are what it excludes
const PLAIN = /^[^\u0000-\u001f\u007f-\u009f]*$/u;

/** Characters that show text, and the text around it, in another order. */
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/;
/** Braille without dots is the one letter that shows nothing. */
const VISIBLE = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]/u;

/**
 * Text of at most `maxLength` characters. Longer text is refused before any other check, because the time of a later check may grow
 * with the square of the length.
 */
export function bounded(maxLength: number, error = `must have at most ${maxLength} characters`) {
  return z.string().max(maxLength, { error, abort: true });
}

/** Arguments of `refine` for text that Postgres can store: no half of a surrogate pair stands alone in it. */
export const wellFormed = [(value: string) => value.isWellFormed(), 'is not well-formed Unicode'] as const;

/** A text to look for, of `minLength` to `maxLength` characters, on one line, that Postgres can store. */
export function soughtText(maxLength: number, minLength = 1) {
  const error = `must have ${minLength} to ${maxLength} characters, none of them a control character`;
  return bounded(maxLength, error)
    .regex(new RegExp(String.raw`^[^\u0000-\u001f\u007f-\u009f]{${minLength},${maxLength}}$`, 'u'), {
      error,
      abort: true,
    })
    .refine(...wellFormed);
}

const MAX_STORED = 1_000;

/** The array with at most `maxItems` items. The items of a longer array are not parsed. */
export function boundedArray<S extends z.ZodArray>(schema: S, maxItems: number, what: string) {
  // This runs before the schema, because an array's schema counts the items after it has parsed all of them.
  const requireFew = (items: z.input<S>, ctx: z.RefinementCtx) => {
    if (Array.isArray(items) && items.length > maxItems)
      ctx.addIssue(`must have at most ${maxItems} ${what}`);
    return items;
  };
  return z.preprocess(requireFew, schema).meta({ maxItems });
}

// Fields share these checks and take them in one call. Each call of its own would make a schema, at every start of an isolate.
const oneLine = [
  z.regex(PLAIN, 'must not have control characters'),
  z.refine<string>(...wellFormed),
  z.refine<string>((value) => !REORDERING.test(value), 'must not have bidirectional overrides'),
  z.refine<string>((value) => value === '' || VISIBLE.test(value), 'must not be blanks alone'),
] as const;

/** One line of text, with lengths in characters. */
export function text(maxLength: number, minLength = 0) {
  const error = minLength === 1 ? 'must not be empty' : `must have at least ${minLength} characters`;
  return bounded(maxLength).check(z.minLength(minLength, error), ...oneLine);
}

/** Text of a row that this service may not have written. */
export const StoredText = bounded(MAX_STORED).refine(
  (value) => value.isWellFormed() && !value.includes('\0'),
  'is not well-formed Unicode',
);

/** Long enough for signed links. */
const MAX_URL = 2_048;

export const WebUrl = bounded(MAX_URL)
  .check(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }))
  // The URL's parser encodes control characters, but the service stores the text as it was sent.
  .regex(PLAIN, 'must not have control characters')
  .refine(...wellFormed);

const FIRST_DATE = Date.parse('1000-01-01T00:00:00Z');
const LAST_DATE = Date.parse('9999-12-31T23:59:59.999Z');

/** Twice the length of a time with nanoseconds and an offset. */
const MAX_TIME = 64;

/** A date and time with its offset by RFC 3339. `t` and `z` are accepted, and become upper case. */
export function timeText(error: string) {
  return bounded(MAX_TIME, error)
    .overwrite((value) => value.toUpperCase())
    .check(z.iso.datetime({ offset: true, abort: true, error }))
    .meta({ maxLength: undefined, pattern: undefined, format: 'date-time' });
}

/** A time that the tables' checks admit. */
export const DateTime = timeText('must be a date and time with its offset, by ISO 8601').refine(
  (value) => {
    const time = Date.parse(value);
    return time >= FIRST_DATE && time <= LAST_DATE;
  },
  { error: 'must be in the years 1000 to 9999', abort: true },
);

/** The faults that a schema found, by field. */
export function faultsOfFields(error: z.ZodError | undefined): FieldFault[] {
  return (error?.issues ?? []).flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return { name: issue.path.join('.'), detail: issue.message };
    return issue.keys.map((key) => ({ name: [...issue.path, key].join('.'), detail: 'is no field' }));
  });
}

/** Converts a time in text to one of a row. */
export function toDate(time: string | null | undefined): Date | null | undefined {
  return typeof time === 'string' ? new Date(time) : time;
}

/** The schema of a change by RFC 7396, which may have any of the fields. */
export function changesOf<S extends z.ZodRawShape>(shape: S) {
  return z.strictObject(shape).partial();
}

/** A field of a change that null sets to its default, which RFC 7396 calls removing it. */
export function orDefault<T extends z.ZodType>(field: T) {
  return field.nullable().meta({ description: 'Null: its default.' });
}
