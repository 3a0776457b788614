import { createRequire } from 'node:module';
import type * as Driver from '@neondatabase/serverless';
import { Client } from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { startNeonBridge } from '../../../local/neon-bridge.ts';
import { createEmptyDatabase, type TestDatabase } from '../../engines/database.ts';

// The CommonJS build is another instance of the driver. The ES module has the Worker's settings and checks.
export const driver = createRequire(import.meta.url)('@neondatabase/serverless') as typeof Driver;

export type Bridge = Awaited<ReturnType<typeof startNeonBridge>>;

export interface NeonSession {
  /** The Postgres behind the bridge. */
  readonly url: string;
  readonly bridge: Bridge;
  readonly sql: Driver.NeonQueryFunction<false, false>;
}

/** A bridge over an empty database, embedded or on the server of DATABASE_URL. */
export function useNeonBridge(): NeonSession {
  let engine: TestDatabase;
  let url: string;
  let bridge: Bridge;
  let sql: Driver.NeonQueryFunction<false, false>;

  beforeAll(async () => {
    engine = await createEmptyDatabase();
    url = withPassword(engine.url);
    bridge = await startNeonBridge({ port: 0, postgresUrl: url });
    driver.neonConfig.fetchEndpoint = `${bridge.url}/sql`;
    sql = driver.neon(url);
  });

  afterAll(async () => {
    await bridge.close();
    await engine.close();
  });

  return {
    get url() {
      return url;
    },
    get bridge() {
      return bridge;
    },
    get sql() {
      return sql;
    },
  };
}

// The client requires a password even for a server that trusts everybody.
function withPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.password ||= 'unused';
  return url.href;
}

export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}

export async function failureOf(work: Promise<unknown>): Promise<Driver.NeonDbError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof driver.NeonDbError) return error;
  throw new Error('expected a NeonDbError', { cause: error });
}

/** Posts to the bridge as its client does. */
export function postSql(
  session: NeonSession,
  body: unknown,
  headers: Record<string, string | null> = {},
  { at = session.bridge, signal = null }: { at?: Bridge; signal?: AbortSignal | null } = {},
): Promise<Response> {
  const wanted = Object.entries<string | null>({ 'Neon-Connection-String': session.url, ...headers });
  return fetch(`${at.url}/sql`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: wanted.filter((entry): entry is [string, string] => entry[1] !== null),
    signal,
  });
}
