import { GarbledAnswer } from './garbled.ts';
import { parseResult, parseResults, type Result } from './neon-results.ts';

/** Postgres by Neon's HTTP protocol: each call is one request. */
export interface Neon {
  run(statement: Statement): Promise<Result>;
  /** Runs the statements in one transaction, and answers them in order. */
  runBatch(statements: readonly Statement[]): Promise<Result[]>;
}

/** What a parameter may be; an object is JSON. */
export type Value = string | number | bigint | boolean | object | null | undefined;

export interface Statement {
  readonly text: string;
  readonly values: readonly Value[];
  /** Rows as arrays rather than as objects. */
  readonly asArrays: boolean;
}

/** Postgres refused a statement, or, where there is no `code`, could not be asked. */
export class PostgresError extends Error {
  override readonly name = 'PostgresError';
  /** The SQLSTATE. */
  readonly code: string | undefined;
  /** The name of the constraint that was violated. */
  readonly constraint: string | undefined;

  constructor(message: string, { code, constraint, cause }: PostgresErrorDetails = {}) {
    super(message, { cause });
    this.code = code;
    this.constraint = constraint;
  }
}

interface PostgresErrorDetails {
  readonly code?: string | undefined;
  readonly constraint?: string | undefined;
  readonly cause?: unknown;
}

const BAD_REQUEST = 400;
/** Neon's status for an answer of more than 10 MB, which says as little of other statements as what Postgres refuses. */
const INSUFFICIENT_STORAGE = 507;
const PROGRAM_LIMIT_EXCEEDED = '54000';

const localHosts = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Each request fails after `deadlineMs`. Neon's own driver carries a Postgres client and its WebSocket: 47 kB of the
 * compressed Worker, of which a tree shaker that knows its insides leaves 27. Tests hold the two against each other.
 */
export function makeNeon(databaseUrl: string, deadlineMs: number): Neon {
  const endpoint = endpointOf(new URL(databaseUrl));
  const headers = {
    'Neon-Connection-String': databaseUrl,
    'Neon-Raw-Text-Output': 'true',
    'Neon-Array-Mode': 'true',
  };

  async function ask<T>(body: object, parse: (answer: unknown) => T): Promise<T> {
    const signal = AbortSignal.timeout(deadlineMs);
    // Followed, a redirect would take the password along.
    const init: RequestInit = {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal,
      redirect: 'manual',
    };
    try {
      return parse(await answerOf(await fetch(endpoint, init)));
    } catch (cause) {
      if (cause instanceof PostgresError) throw cause;
      throw new PostgresError('Postgres did not answer', { cause });
    }
  }

  return {
    run: async (statement) => ask(queryOf(statement), (answer) => parseResult(answer, statement.asArrays)),
    runBatch: async (statements) => {
      const asArrays = statements.map((statement) => statement.asArrays);
      return ask({ queries: statements.map(queryOf) }, (answer) => parseResults(answer, asArrays));
    },
  };
}

/** Where a database is asked: one on this machine at a bridge, on the port that its URL names. */
export function endpointOf({ host, hostname }: URL): string {
  if (localHosts.has(hostname)) return `http://${host}/sql`;
  return `https://${hostname.replace(/^[^.]+\./, 'api.')}/sql`;
}

function queryOf({ text, values }: Statement) {
  return { query: text, params: values.map(textOf) };
}

/** A parameter as the text that Postgres reads. */
function textOf(value: Value): string | null {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return `{${value.map(elementOf).join(',')}}`;
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function elementOf(value: Value): string {
  const text = textOf(value);
  if (text === null) return 'NULL';
  return Array.isArray(value) ? text : `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

async function answerOf(response: Response): Promise<unknown> {
  if (response.status === BAD_REQUEST) throw refusalOf(await response.json());
  if (response.ok) return readWhole(response);
  // Unread it would hold its connection.
  await response.body?.cancel();
  const code = response.status === INSUFFICIENT_STORAGE ? PROGRAM_LIMIT_EXCEEDED : undefined;
  throw new PostgresError(`Neon answered with status ${response.status}`, { code });
}

async function readWhole(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    throw new GarbledAnswer('the answer is not whole', { cause });
  }
}

const SQLSTATE = /^[0-9A-Z]{5}$/;

function refusalOf(report: unknown): PostgresError {
  const { message, code, constraint }: Record<string, unknown> = Object(report);
  // Where its connection to Postgres breaks Neon has an empty one.
  const isSqlState = typeof code === 'string' && SQLSTATE.test(code);
  return new PostgresError(String(message), {
    code: isSqlState ? code : undefined,
    constraint: typeof constraint === 'string' ? constraint : undefined,
  });
}
