import { GarbledAnswer } from './errors.ts';
import { TIME } from './times.ts';

// What a driver made of a value is held against the value's type: it must be of it, or the answer is garbled.

export type Decoder<T> = (value: unknown) => T;

const WHOLE = /^-?\d{1,16}$/;

/** A whole number that JavaScript has too. */
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

/** Whole numbers that a statement lists as texts. */
export function wholes(value: unknown): number[] {
  return texts(value).map(whole);
}

/** What a value in JSON is decides whoever reads it. */
export function json(value: unknown): unknown {
  return value === undefined ? refuse('JSON') : value;
}

const DECIMAL = /^-?\d+(\.\d+)?$/;

export function decimal(value: unknown): number {
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : refuse('a number');
}

/** As the tables have it, where no check is missing. */
const FIRST_MS = Date.parse('1000-01-01T00:00:00.000Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');
const MS_PER_S = 1_000;

const SECONDS = /^-?\d+(\.\d{1,6})?$/;

/**
 * A time in seconds since 1970, as queries select it. What no table should hold, 'infinity' say, is the first or the last time
 * that there is: one odd row must not take a list along.
 */
function seconds(value: unknown): Date {
  const given = text(value);
  if (given === 'Infinity') return new Date(LAST_MS);
  if (given === '-Infinity') return new Date(FIRST_MS);
  if (!SECONDS.test(given)) return refuse('a time');
  // As a whole number of microseconds: a fraction would be rounded on its way.
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

/** A time as Postgres writes it in JSON: ISO 8601, but for offsets of old times, which have seconds, and for odd ones. */
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

/** The decoder of a column by its type in SQL. Of all other types a value is its text. */
export function decoderOfType(sqlType: string): Decoder<unknown> {
  return BY_TYPE.get(sqlType) ?? text;
}

/** The same for a value in JSON. */
export function decoderOfJson(sqlType: string): Decoder<unknown> {
  return sqlType === TIME ? timeInJson : decoderOfType(sqlType);
}

/** A list in JSON of objects. */
export function list<T>(decode: (item: Readonly<Record<string, unknown>>) => T): Decoder<T[]> {
  return (value) => {
    if (!Array.isArray(value)) return refuse('a list');
    return value.map((item: unknown) => decode(Object(item) as Record<string, unknown>));
  };
}

function refuse(type: string): never {
  throw new GarbledAnswer(`a value is not ${type}`);
}
