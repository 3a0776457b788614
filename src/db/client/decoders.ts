import { GarbledAnswer } from './errors.ts';
import { TIME } from './times.ts';

// A decoder checks that the value which the driver answered has its type, and throws `GarbledAnswer` when it has not.

export type Decoder<T> = (value: unknown) => T;

const WHOLE = /^-?\d{1,16}$/;

/** A whole number that a JavaScript number holds exactly. */
export function whole(value: unknown): number {
  const number = typeof value === 'string' && WHOLE.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : refuse('a whole number');
}

export function flag(value: unknown): boolean {
  return typeof value === 'boolean' ? value : refuse('a boolean');
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : refuse('a text');
}

export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text) : refuse('a list of texts');
}

/** A list of whole numbers that the statement casts to text. */
export function wholes(value: unknown): number[] {
  return texts(value).map(whole);
}

/** JSON of any form; the caller checks the form. */
export function json(value: unknown): unknown {
  return value === undefined ? refuse('JSON') : value;
}

/** A JSON object of texts. */
export function textsByName(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('an object');
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, text(part)]));
}

const DECIMAL = /^-?\d+(\.\d+)?$/;

export function decimal(value: unknown): number {
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : refuse('a number');
}

/** The first and the last time that the tables' checks admit. */
const FIRST_MS = Date.parse('1000-01-01T00:00:00.000Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');
const MS_PER_S = 1_000;

const SECONDS = /^-?\d+(\.\d{1,6})?$/;

/**
 * A time in seconds since 1970, as queries select it. A time outside the tables' bounds, such as 'infinity', becomes the first or
 * the last time within them, so that one odd row does not fail a whole list.
 */
function seconds(value: unknown): Date {
  const given = text(value);
  if (given === 'Infinity') return new Date(LAST_MS);
  if (given === '-Infinity') return new Date(FIRST_MS);
  if (!SECONDS.test(given)) return refuse('a time');
  // The digits are read as a whole number of microseconds, because a fraction would be rounded.
  const [units = '', fraction = ''] = given.split('.');
  const micros = Number(units + fraction.padEnd(6, '0'));
  return within(Math.floor(micros / MS_PER_S));
}

function within(ms: number): Date {
  return new Date(Math.min(Math.max(ms, FIRST_MS), LAST_MS));
}

const JSON_TIME =
  /^(\d{4,6})(-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?$/;
const MINUTE_S = 60;
const HOUR_S = 3_600;

/** A time as Postgres writes it in JSON: ISO 8601, except that offsets of old times have seconds, and years may be odd. */
export function timeInJson(value: unknown): Date {
  const given = text(value);
  if (given === 'infinity') return new Date(LAST_MS);
  if (given === '-infinity') return new Date(FIRST_MS);
  const [, year = '', rest, fraction = '', sign, hours, minutes = 0, offsetSeconds = 0, isBefore] =
    JSON_TIME.exec(given) ?? refuse('a time');
  if (isBefore) return new Date(FIRST_MS);
  if (year.length > 4) return new Date(LAST_MS);
  const offsetS = Number(hours) * HOUR_S + Number(minutes) * MINUTE_S + Number(offsetSeconds);
  const wallMs = Date.parse(`${year}${rest}.${fraction.padEnd(3, '0').slice(0, 3)}Z`);
  if (Number.isNaN(wallMs)) return refuse('a time');
  return within(wallMs - (sign === '-' ? -offsetS : offsetS) * MS_PER_S);
}

export function nullable<T>(decode: Decoder<T>): Decoder<T | null> {
  return (value) => (value === null ? null : decode(value));
}

const BY_TYPE = new Map<string, Decoder<unknown>>([
  ['bigint', whole],
  ['integer', whole],
  ['smallint', whole],
  ['boolean', flag],
  ['text[]', texts],
  ['json', json],
  ['jsonb', json],
  [TIME, seconds],
]);

/** The decoder of a column by its type in SQL. Values of types that are not listed are text. */
export function decoderOfType(sqlType: string): Decoder<unknown> {
  return BY_TYPE.get(sqlType) ?? text;
}

/** The decoder of a column's value inside JSON, by the column's type in SQL. */
export function decoderOfJson(sqlType: string): Decoder<unknown> {
  return sqlType === TIME ? timeInJson : decoderOfType(sqlType);
}

/** A JSON array of objects. */
export function list<T>(decode: (item: Readonly<Record<string, unknown>>) => T): Decoder<T[]> {
  return (value) => {
    if (!Array.isArray(value)) return refuse('a list');
    return value.map((item: unknown) => decode(Object(item) as Record<string, unknown>));
  };
}

function refuse(type: string): never {
  throw new GarbledAnswer(`a value is not ${type}`);
}
