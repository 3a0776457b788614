import { GarbledAnswer } from './garbled.ts';

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

/** What a value in JSON is decides whoever reads it. */
export function json(value: unknown): unknown {
  return value === undefined ? refuse('JSON') : value;
}

const DECIMAL = /^-?\d+(\.\d+)?$/;

export function decimal(value: unknown): number {
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : refuse('a number');
}

const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d){0,2}$/;

export function time(value: unknown): Date {
  const date = typeof value === 'string' && TIME.test(value) ? new Date(value) : null;
  return date && !Number.isNaN(date.getTime()) ? date : refuse('a time');
}

const JSON_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/;
const MINUTE_S = 60;
const HOUR_S = 3_600;
const SECOND_MS = 1_000;

/** A time as Postgres writes it in JSON: ISO 8601, but for offsets of old times, which have seconds. */
export function timeInJson(value: unknown): Date {
  const [, moment, fraction = '', sign, hours, minutes = 0, seconds = 0] =
    JSON_TIME.exec(text(value)) ?? refuse('a time');
  const offsetS = Number(hours) * HOUR_S + Number(minutes) * MINUTE_S + Number(seconds);
  const wallMs = Date.parse(`${moment}.${fraction.padEnd(3, '0').slice(0, 3)}Z`);
  const date = new Date(wallMs - (sign === '-' ? -offsetS : offsetS) * SECOND_MS);
  return Number.isNaN(date.getTime()) ? refuse('a time') : date;
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
  ['timestamp with time zone', time],
]);

/** The decoder of a column by its type in SQL. Of all other types a value is its text. */
export function decoderOfType(sqlType: string): Decoder<unknown> {
  return BY_TYPE.get(sqlType) ?? text;
}

/** The same for a value in JSON. */
export function decoderOfJson(sqlType: string): Decoder<unknown> {
  return sqlType === 'timestamp with time zone' ? timeInJson : decoderOfType(sqlType);
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
