import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { KEEP_OPEN } from '../../local/http-server.ts';

/** The values that a run gives its test files, by path. */
export type Verbs = Readonly<Record<string, (body: unknown) => Promise<unknown>>>;

/** The address is in the environment, so that processes which tests start find it too. */
const NAME = 'EDGE_ACCOUNTS_TEST_RUN';

const HOST = '127.0.0.1';

/** Serves the values that one run makes once for all of its files. Processes that start later find the server. */
export async function startRunServer(verbs: Verbs): Promise<{ url: string; close(): void }> {
  const server = createServer(KEEP_OPEN, (request, response) => {
    answer(verbs, request).then(
      (value) => response.end(JSON.stringify(value ?? null)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const url = `http://${HOST}:${(server.address() as AddressInfo).port}`;
  process.env[NAME] = url;
  return {
    url,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(verbs: Verbs, request: IncomingMessage): Promise<unknown> {
  const verb = verbs[request.url ?? ''];
  if (!verb) throw new Error(`a run of the tests has no ${request.url}`);
  return verb(await json(request));
}

/** True in a process of a test run. Scripts use the same code without a run. */
export function isRun(): boolean {
  return process.env[NAME] !== undefined;
}

export async function askRun<T>(path: string, body: unknown = null): Promise<T> {
  const response = await fetch(`${process.env[NAME]}${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  // test/engines has both sides of this request.
  return (await response.json()) as T;
}
