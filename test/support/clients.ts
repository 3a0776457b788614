import { NeonDbError, NeonQueryPromise, neon } from '@neondatabase/serverless';
import { onTestFinished, vi } from 'vitest';
import type { Client } from '../../src/db/client/client.ts';

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

export type Query = ReturnType<Client['query']>;

/** The driver, but that each statement, and all of a transaction, go through `runAll`, which answers one result for each. */
export function wrapClient(
  client: Client,
  runAll: (queries: Query[]) => Promise<readonly unknown[]>,
): Client {
  return Object.assign(client.bind(null), {
    unsafe: client.unsafe,
    query: ((text, values, options) => {
      const query = client.query<boolean, boolean>(text, values, options);
      const run = async () => (await runAll([query]))[0] as never;
      return new NeonQueryPromise(run, query.queryData, query.opts as typeof options);
    }) satisfies Client['query'],
    // Results are as the test has them; nothing is known of their types.
    transaction: async (queries: Query[]) => (await runAll(queries)) as never,
  });
}

/** The driver of a Postgres that is not there: what it would be sent is answered by `answer`. */
export function makeFakeClient(
  answer: (statements: readonly Statement[]) => Promise<readonly unknown[]>,
): Client {
  const client = neon<boolean, boolean>('postgres://nobody:x@nowhere.invalid/x');
  return wrapClient(client, (queries) => answer(queries.map(statementOf)));
}

export function statementOf({ queryData }: Query): Statement {
  if (!('query' in queryData)) throw new Error('the statement is a template');
  return { text: queryData.query, values: queryData.params };
}

/** The driver's error; with a SQLSTATE, a refusal of Postgres. */
export function makeNeonError(message: string, code?: string): NeonDbError {
  return Object.assign(new NeonDbError(message), { code });
}

/** Has every request of the running test answered so. */
export function stubFetch(fetch: (url: string, init: RequestInit) => Promise<Response>): void {
  vi.stubGlobal('fetch', fetch);
  // Files share the process.
  onTestFinished(() => void vi.unstubAllGlobals());
}
