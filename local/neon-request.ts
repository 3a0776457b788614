import type { IncomingHttpHeaders } from 'node:http';
import { refusal } from './http-answer.ts';
import type { HttpRequest } from './http-server.ts';

export interface Statement {
  text: string;
  values: (string | null)[];
  /** Rows are arrays rather than objects. */
  asArrays: boolean;
}

export type NeonRequest = {
  /** Values are the text that Postgres sent rather than JSON. */
  asText: boolean;
} & ({ kind: 'single'; statement: Statement } | { kind: 'batch'; begin: string; statements: Statement[] });

const ISOLATION_LEVELS: Record<string, string> = {
  ReadUncommitted: 'READ UNCOMMITTED',
  ReadCommitted: 'READ COMMITTED',
  RepeatableRead: 'REPEATABLE READ',
  Serializable: 'SERIALIZABLE',
};

// The protocol counts parameters in 16 bits. It would read one more as garbage.
const MAX_PARAMS = 65_535;

/** Parses a POST to /sql for `database`. Throws a refusal, 400, that says what is wrong. */
export function parseNeonRequest({ headers, body }: HttpRequest, database: string): NeonRequest {
  checkConnectionString(headers['neon-connection-string'], database);
  const begin = parseBegin(headers);
  const asArrays = headers['neon-array-mode'] === 'true';
  const asText = headers['neon-raw-text-output'] === 'true';
  const payload = parseObject(body);
  if (!('queries' in payload))
    return { kind: 'single', statement: parseStatement(payload, asArrays), asText };
  if (!Array.isArray(payload.queries)) throw refusal(400, '"queries" must be an array');
  const statements = payload.queries.map((query) => parseStatement(query, asArrays));
  return { kind: 'batch', begin, statements, asText };
}

/** The name of the database to which a Postgres URL connects. */
export function databaseOf(url: URL): string {
  return decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username);
}

function checkConnectionString(header: string | string[] | undefined, database: string): void {
  if (typeof header !== 'string' || header === '')
    throw refusal(400, 'missing header Neon-Connection-String');
  const asked = parseDatabase(header);
  if (asked === database) return;
  throw refusal(400, `database "${asked}" does not exist`, {
    severity: 'FATAL',
    code: '3D000',
    file: 'postinit.c',
    routine: 'InitPostgres',
  });
}

function parseDatabase(connectionString: string): string {
  const malformed = 'invalid Neon-Connection-String: expected postgresql://user:password@host/database';
  try {
    const url = new URL(connectionString);
    const isPostgres = url.protocol === 'postgres:' || url.protocol === 'postgresql:';
    if (isPostgres && url.username && url.hostname && url.pathname.length > 1) return databaseOf(url);
  } catch {
    // The text is not a URL, or is not percent-encoded UTF-8.
  }
  throw refusal(400, malformed);
}

function parseBegin(headers: IncomingHttpHeaders): string {
  const level = headers['neon-batch-isolation-level'];
  const isolation = level === undefined ? null : ISOLATION_LEVELS[String(level)];
  if (isolation === undefined) throw refusal(400, `invalid Neon-Batch-Isolation-Level: ${String(level)}`);
  const readOnly = parseFlag(headers, 'Neon-Batch-Read-Only');
  const deferrable = parseFlag(headers, 'Neon-Batch-Deferrable');
  const modes = [
    isolation && `ISOLATION LEVEL ${isolation}`,
    readOnly && 'READ ONLY',
    deferrable && 'DEFERRABLE',
  ];
  return ['BEGIN', ...modes.filter(Boolean)].join(' ');
}

function parseFlag(headers: IncomingHttpHeaders, name: string): boolean {
  const value = headers[name.toLowerCase()] ?? 'false';
  if (value !== 'true' && value !== 'false') throw refusal(400, `invalid ${name}: ${String(value)}`);
  return value === 'true';
}

function parseObject(body: Buffer): object & { queries?: unknown } {
  const payload = parseJson(body);
  if (isObject(payload)) return payload;
  throw refusal(400, 'the body must be {"query", "params"} or {"queries": [{"query", "params"}]}');
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw refusal(400, 'the body is not JSON');
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseStatement(value: unknown, asArrays: boolean): Statement {
  if (!isObject(value) || !('query' in value) || typeof value.query !== 'string') {
    throw refusal(400, '"query" must be a string');
  }
  const params = 'params' in value ? value.params : [];
  if (!Array.isArray(params)) throw refusal(400, '"params" must be an array');
  if (params.length > MAX_PARAMS) throw refusal(400, `"params" must not hold more than ${MAX_PARAMS}`);
  checkText(value.query);
  const ownMode = 'arrayMode' in value && typeof value.arrayMode === 'boolean' ? value.arrayMode : asArrays;
  return { text: value.query, values: params.map(paramText), asArrays: ownMode };
}

function checkText(sql: string): void {
  // The protocol ends a query at a NUL, and would take the rest for another message.
  if (sql.includes('\0')) {
    throw refusal(400, 'invalid byte sequence for encoding "UTF8": 0x00', {
      severity: 'ERROR',
      code: '22021',
    });
  }
  // Nobody can send the rows of a COPY, and an embedded Postgres would wait for them for ever.
  if (/^\s*copy\b[^;]*\bfrom\s+stdin\b/i.test(sql)) {
    throw refusal(400, 'COPY FROM STDIN is not supported over HTTP', { severity: 'ERROR', code: '0A000' });
  }
}

function paramText(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value;
  return Array.isArray(value) ? arrayText(value) : JSON.stringify(value);
}

function arrayText(values: unknown[]): string {
  return `{${values.map(elementText).join(',')}}`;
}

function elementText(value: unknown): string {
  if (value === null) return 'NULL';
  if (Array.isArray(value)) return arrayText(value);
  return JSON.stringify(isObject(value) ? JSON.stringify(value) : value);
}
