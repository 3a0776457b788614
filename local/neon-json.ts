import type { FieldDef, QueryArrayResult } from 'pg';
import type { Statement } from './neon-request.ts';

type Value = string | null;

interface Result extends Omit<QueryArrayResult<Value[]>, 'command'> {
  /** The value is null for an empty query. Its type does not say so. */
  command: string | null;
}

// Type ids of pg_type.dat, which never change.
const BOOL = 16;
const NUMBERS = new Set([21, 23, 700, 701]);
const JSONS = new Set([114, 3802]);
const ELEMENTS = new Map([
  [1000, BOOL],
  [1005, 21],
  [1007, 23],
  [1021, 700],
  [1022, 701],
  [199, 114],
  [3807, 3802],
  // Neon leaves the elements of these types as text: char, text, bpchar, varchar, int8, name, oid, uuid, numeric, date,
  // time, timetz, timestamp, timestamptz, interval, bytea.
  ...[1002, 1009, 1014, 1015, 1016, 1003, 1028, 2951, 1231, 1182, 1183, 1270, 1115, 1185, 1187, 1001].map(
    (id): [number, number] => [id, 25],
  ),
]);

/** One result of Neon's protocol, as JSON text. */
export function resultJson(result: Result, { asArrays }: Statement, asText: boolean): string {
  const { fields, rows, command, rowCount } = result;
  const valueOf = asText ? textJson : valueJson;
  const rowOf = asArrays ? arrayJson : objectJson;
  const head = JSON.stringify({
    fields: fields.map(describe),
    command: command ?? '',
    rowCount,
    rowAsArray: asArrays,
  });
  return `${head.slice(0, -1)},"rows":[${rows.map((row) => rowOf(row, fields, valueOf)).join(',')}]}`;
}

function describe(field: FieldDef): FieldDef {
  const { name, tableID, columnID, dataTypeID, dataTypeSize, dataTypeModifier } = field;
  return { name, tableID, columnID, dataTypeID, dataTypeSize, dataTypeModifier, format: 'text' };
}

function arrayJson(row: Value[], fields: FieldDef[], valueOf: typeof valueJson): string {
  return `[${fields.map(({ dataTypeID }, i) => valueOf(row[i] ?? null, dataTypeID)).join(',')}]`;
}

function objectJson(row: Value[], fields: FieldDef[], valueOf: typeof valueJson): string {
  const members = fields.map(
    ({ name, dataTypeID }, i) => `${JSON.stringify(name)}:${valueOf(row[i] ?? null, dataTypeID)}`,
  );
  return `{${members.join(',')}}`;
}

function textJson(value: Value): string {
  return JSON.stringify(value);
}

function valueJson(value: Value, typeId: number): string {
  if (value === null) return 'null';
  if (typeId === BOOL) return String(value === 't');
  // JSON values and finite numbers from Postgres are valid JSON text already. Parsing them first would round.
  if (JSONS.has(typeId)) return value;
  if (NUMBERS.has(typeId) && Number.isFinite(Number(value))) return value;
  const elementId = ELEMENTS.get(typeId);
  return elementId === undefined ? JSON.stringify(value) : elementsJson(value, elementId);
}

function elementsJson(array: string, elementId: number): string {
  const withoutBounds = array.replace(/^\[[^=]*=/, '');
  return withoutBounds.replace(/"((?:[^"\\]|\\.)*)"|[{},]|[^{},"]+/gs, (token: string, quoted?: string) => {
    if (quoted !== undefined) return valueJson(quoted.replace(/\\(.)/gs, '$1'), elementId);
    if (token === '{') return '[';
    if (token === '}') return ']';
    return token === ',' ? ',' : valueJson(token === 'NULL' ? null : token, elementId);
  });
}
