import { GarbledAnswer, PROGRAM_LIMIT_EXCEEDED } from './errors.ts';

/** The part of a response that Neon's driver reads. */
interface Answer {
  readonly ok: boolean;
  readonly status: number;
  json(): Promise<unknown>;
}

/** The driver's request, which always has a text body. */
type Request = RequestInit & { readonly body: string };

const OK = 200;
const BAD_REQUEST = 400;
/** Neon's status for an answer of more than 10 MB. It is about one statement, as a refusal by Postgres is. */
const INSUFFICIENT_STORAGE = 507;

/**
 * `fetch` for Neon's driver, which checks no answer: it takes lost rows for absent ones. The driver reports an error that this
 * throws as one without a code, which means an outage, and quotes the message. So no message holds a part of a body.
 */
export async function fetchChecked(url: string, init: Request): Promise<Answer> {
  const response = await fetch(url, init);
  if (response.ok) {
    const body = await readWhole(response);
    requireResults(body, init.body);
    return answerOf(OK, body);
  }
  if (response.status === BAD_REQUEST) return answerOf(BAD_REQUEST, refusalOf(await readRefusal(response)));
  // An unread body would hold its connection.
  await response.body?.cancel();
  if (response.status === INSUFFICIENT_STORAGE)
    return answerOf(BAD_REQUEST, { message: 'the answer is too large', code: PROGRAM_LIMIT_EXCEEDED });
  throw new Error(`Neon answered with status ${response.status}`);
}

function answerOf(status: number, body: unknown): Answer {
  return { ok: status === OK, status, json: async () => body };
}

// The deadline may end the reading of the body too.
async function readWhole(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    throw new GarbledAnswer('the answer is not whole', { cause });
  }
}

async function readRefusal(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    throw new Error('the refusal is not whole', { cause });
  }
}

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Neon reports a broken connection to Postgres with an empty code; such a code must not pass for a SQLSTATE. */
function refusalOf(report: unknown) {
  const { message, code, constraint }: Record<string, unknown> = Object(report);
  const isSqlState = typeof code === 'string' && SQLSTATE.test(code);
  return {
    message: String(message),
    code: isSqlState ? code : undefined,
    constraint: typeof constraint === 'string' ? constraint : undefined,
  };
}

/** Throws unless the body holds one result for each statement of the request. */
function requireResults(body: unknown, request: string): void {
  const { queries } = JSON.parse(request) as { readonly queries?: readonly unknown[] };
  if (!queries) {
    if (!isResult(body)) throw new GarbledAnswer('the answer is no result of a statement');
    return;
  }
  const { results }: Record<string, unknown> = Object(body);
  if (!Array.isArray(results) || results.length !== queries.length || !results.every(isResult))
    throw new GarbledAnswer('the answer is no result of a batch');
}

/** True if the result has as many rows as it counts, and each row as many texts or nulls as there are fields. */
function isResult(result: unknown): boolean {
  const { command, fields, rowCount, rows }: Record<string, unknown> = Object(result);
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
