import { DatabaseError, Pool, type PoolClient, type QueryArrayConfig } from 'pg';
import type { HttpCall } from './faulty-answer.ts';
import { isRefusal, json, reasonOf, refusal, type HttpAnswer } from './http-answer.ts';
import { serveHttp, type HttpRequest, type HttpServer } from './http-server.ts';
import { mangleValues, neonFaults, verbOf } from './neon-faults.ts';
import { resultJson } from './neon-json.ts';
import { databaseOf, parseNeonRequest, type NeonRequest, type Statement } from './neon-request.ts';

export interface NeonCounts {
  /** POSTs to /sql. */
  requests: number;
  /** Statements sent for callers. The bridge's own statements are not counted. */
  statements: number;
}

export interface NeonBridgeOptions {
  /** 0: any free port. */
  port: number;
  postgresUrl: string;
  host?: string;
  maxConnections?: number;
}

interface Bridge {
  pool: Pool;
  database: string;
  counts: NeonCounts;
}

const ERROR_FIELDS = [
  'severity',
  'code',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'where',
  'schema',
  'table',
  'column',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const;

// This limit is far above the time of a look-up, and low enough to free a connection that waits for a forgotten lock.
const STATEMENT_LIMIT_MS = 60_000;
// An embedded Postgres has no timers. The client ends the wait there, later than a real server would.
const QUERY_LIMIT_MS = STATEMENT_LIMIT_MS + 1_000;
// Requests also wait in a queue for a connection, which is long when thousands arrive at once.
const CONNECT_LIMIT_MS = 60_000;
const CLOSE_LIMIT_MS = 500;

/**
 * Speaks Neon's SQL-over-HTTP protocol at `POST /sql` for the Postgres at `postgresUrl`, which may start later.
 * Resolves once it listens; rejects with the listen error.
 */
export async function startNeonBridge({
  port,
  postgresUrl,
  host = '127.0.0.1',
  maxConnections = 10,
}: NeonBridgeOptions): Promise<HttpServer<NeonCounts>> {
  const pool = makePool(postgresUrl, maxConnections);
  const bridge = { pool, database: databaseOf(new URL(postgresUrl)), counts: { requests: 0, statements: 0 } };
  return serveHttp(
    {
      accept: (request) => acceptSql(bridge, request),
      answerError,
      faultTargets: neonFaults,
      counts: () => ({ ...bridge.counts }),
      resetCounts: () => Object.assign(bridge.counts, { requests: 0, statements: 0 }),
      stop: () => endPool(pool),
    },
    { port, host },
  );
}

function makePool(connectionString: string, max: number): Pool {
  const pool = new Pool({
    connectionString,
    max,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    statement_timeout: STATEMENT_LIMIT_MS,
    query_timeout: QUERY_LIMIT_MS,
    types: { getTypeParser: () => (value: string) => value },
  });
  // A lost connection fails its request. It would also end the process if it had no listener.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

// The end of the bridge does not wait for a connection to an engine that does not answer.
async function endPool(pool: Pool): Promise<void> {
  const { promise: limit, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, CLOSE_LIMIT_MS);
  await Promise.race([pool.end(), limit]);
  clearTimeout(timer);
}

function acceptSql(bridge: Bridge, request: HttpRequest): HttpCall {
  if (request.path !== '/sql') throw refusal(404, `no such path: ${request.path}`);
  if (request.method !== 'POST') throw refusal(405, `${request.method} is not allowed, use POST`);
  bridge.counts.requests += 1;
  const asked = parseNeonRequest(request, bridge.database);
  const run = () => answerSql(bridge, asked, request.signal);
  return { verbs: [verbOf(asked)], run, runMisencoded: async () => mangleValues(await run()) };
}

async function answerSql(bridge: Bridge, asked: NeonRequest, signal: AbortSignal): Promise<HttpAnswer> {
  const body = await withConnection(bridge.pool, signal, (client) => {
    const run = (statement: Statement) => runStatement(client, statement, asked.asText, bridge.counts);
    return asked.kind === 'single' ? run(asked.statement) : runBatch(client, asked, run, signal);
  });
  return { status: 200, body };
}

async function withConnection<T>(
  pool: Pool,
  signal: AbortSignal,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  const hangUp = () => void client.end();
  signal.addEventListener('abort', hangUp, { once: true });
  let isUsable = false;
  try {
    signal.throwIfAborted();
    // All clients of an embedded Postgres share one session. A SET at a prompt must not reach a request.
    await client.query('RESET ROLE; RESET ALL');
    const result = await work(client);
    isUsable = true;
    return result;
  } catch (error) {
    // A FATAL error is the last message of its connection.
    isUsable = error instanceof DatabaseError && error.severity === 'ERROR';
    throw error;
  } finally {
    signal.removeEventListener('abort', hangUp);
    // The connection is not idle: the caller's statements left a transaction open. Closing the connection ends it.
    client.release(!isUsable || signal.aborted || client.getTransactionStatus() !== 'I');
  }
}

async function runBatch(
  client: PoolClient,
  { begin, statements }: NeonRequest & { kind: 'batch' },
  run: (statement: Statement) => Promise<string>,
  signal: AbortSignal,
): Promise<string> {
  const results: string[] = [];
  try {
    await client.query(begin);
    for (const statement of statements) {
      signal.throwIfAborted();
      results.push(await run(statement));
    }
    signal.throwIfAborted();
    await client.query('COMMIT');
  } catch (error) {
    // Any other error drops the connection, and the transaction with it.
    if (error instanceof DatabaseError) await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
  return `{"results":[${results.join(',')}]}`;
}

async function runStatement(
  client: PoolClient,
  statement: Statement,
  asText: boolean,
  counts: NeonCounts,
): Promise<string> {
  counts.statements += 1;
  const { text, values } = statement;
  // The extended protocol is used even without parameters: like Neon, it refuses several statements in one text.
  const query: QueryArrayConfig & { queryMode: 'extended' } = {
    text,
    values,
    rowMode: 'array',
    queryMode: 'extended',
  };
  return resultJson(await client.query<(string | null)[]>(query), statement, asText);
}

function answerError(error: unknown): HttpAnswer {
  if (error instanceof DatabaseError) return json(400, describe(error.message, Object.entries(error)));
  if (isRefusal(error)) return json(error.status, describe(error.message, Object.entries(error.details)));
  return json(500, describe(`could not reach Postgres: ${reasonOf(error)}`, []));
}

function describe(message: string, details: [string, unknown][]): Record<string, unknown> {
  // Neon sends these two fields as empty strings, and all others as null, when Postgres did not set them.
  const known = new Map<string, unknown>([['severity', ''], ['code', ''], ...details]);
  return { message, ...Object.fromEntries(ERROR_FIELDS.map((field) => [field, known.get(field) ?? null])) };
}
