import { GarbledAnswer } from './garbled.ts';

/** What Neon answers to one statement. */
export interface Result {
  readonly command: string;
  readonly fields: readonly Field[];
  readonly rowCount: number | null;
  readonly rows: readonly unknown[];
}

interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

interface RawResult extends Result {
  readonly rows: readonly (readonly (string | null)[])[];
}

type Parser = (text: string) => unknown;

/** By the id in pg_type.dat, which never changes. Of all other types a value is its text. */
const PARSERS = new Map<number, Parser>([
  // bool, int2, int4, float4, float8
  [16, parseBoolean],
  [21, Number],
  [23, Number],
  [700, Number],
  [701, Number],
  // json, jsonb
  [114, JSON.parse],
  [3802, JSON.parse],
  // text[]
  [1009, parseTexts],
]);
const asItIs: Parser = (text) => text;

/** The result, its rows as arrays or as objects. Throws unless it is what Neon answers to a statement. */
export function parseResult(result: unknown, asArrays: boolean): Result {
  // A driver that took an answer of another shape for one without rows would make things absent that are there.
  if (!isResult(result)) throw new GarbledAnswer('the answer is no result of a statement');
  const { fields } = result;
  const parsers = fields.map(({ dataTypeID }) => PARSERS.get(dataTypeID) ?? asItIs);
  const rows = result.rows.map((row) => {
    const values = row.map((text, i) => (text === null ? null : parseValue(parsers[i] ?? asItIs, text)));
    return asArrays ? values : Object.fromEntries(fields.map(({ name }, i) => [name, values[i]]));
  });
  return { ...result, rows };
}

function parseValue(parse: Parser, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new GarbledAnswer('a value is not of its type', { cause });
  }
}

/** The results of a batch, one for each statement. Throws unless all of them are there. */
export function parseResults(body: unknown, asArrays: readonly boolean[]): Result[] {
  const results: unknown = Object(body).results;
  if (!Array.isArray(results) || results.length !== asArrays.length)
    throw new GarbledAnswer('the answer is no result of a batch');
  return asArrays.map((isAsked, i) => parseResult(results[i], isAsked));
}

/** Whether it has as many rows as it says, each of as many texts or nulls as there are fields. */
function isResult(result: unknown): result is RawResult {
  if (!isObject(result)) return false;
  const { command, fields, rowCount, rows } = result;
  if (typeof command !== 'string' || !Array.isArray(fields) || !Array.isArray(rows)) return false;
  if (fields.length === 0) return rows.length === 0 && command !== 'SELECT';
  // Commands such as SHOW count nothing.
  const isComplete = rowCount === null || rowCount === rows.length;
  return isComplete && rows.every((row) => isRow(row, fields.length));
}

function isRow(row: unknown, length: number): boolean {
  return Array.isArray(row) && row.length === length && row.every(isTextOrNull);
}

function isTextOrNull(value: unknown): boolean {
  return typeof value === 'string' || value === null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

// What is garbled stays what it is, for whoever parses the row to see: it must not pass for false.
function parseBoolean(text: string): unknown {
  if (text === 't') return true;
  return text === 'f' ? false : text;
}

// Postgres' text of an array is JSON but for its braces, its escapes, and words that need no quotes.
function parseTexts(text: string): unknown {
  const withoutBounds = text.replace(/^\[[^=]*=/, '');
  const json = withoutBounds.replaceAll(/"((?:[^"\\]|\\.)*)"|[{}]|[^{},"]+/gs, (token, quoted?: string) => {
    if (quoted !== undefined) return JSON.stringify(quoted.replaceAll(/\\(.)/gs, '$1'));
    if (token === '{') return '[';
    if (token === '}') return ']';
    return token === 'NULL' ? 'null' : JSON.stringify(token);
  });
  return JSON.parse(json);
}
