import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

// What both services accept by default. A Worker's request to either is a few hundred bytes.
const MAX_BODY_BYTES = 10 * 1024 * 1024;

export interface HttpRequest {
  method: string;
  /** As sent, still percent-encoded, without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Aborts when the caller hangs up before it has its answer, and when the server closes. */
  signal: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  /** JSON text. */
  body: string;
}

export interface HttpService<Counts> {
  answer(request: HttpRequest): Promise<HttpAnswer>;
  answerError(error: unknown): HttpAnswer;
  counts(): Counts;
  resetCounts(): void;
  /** Drops the connections to the engine. */
  stop(): Promise<void> | void;
}

export interface HttpServer<Counts> {
  url: string;
  port: number;
  counts(): Counts;
  /** Ends within a second, whatever is under way. */
  close(): Promise<void>;
}

export interface Refusal extends Error {
  status: number;
  details: Record<string, string>;
}

/** An error that `answerError` may show to the caller. */
export function refusal(status: number, message: string, details: Record<string, string> = {}): Refusal {
  return Object.assign(new Error(message), { status, details });
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'status' in error && 'details' in error;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function json(status: number, value: unknown): HttpAnswer {
  return { status, body: JSON.stringify(value) };
}

/**
 * Serves `service` on `host:port` (0: any free port) together with `GET /stats` and `POST /stats/reset`, which are
 * not counted. Resolves once it listens; rejects with the listen error as it came.
 */
export async function serveHttp<Counts>(
  service: HttpService<Counts>,
  { port, host }: { port: number; host: string },
): Promise<HttpServer<Counts>> {
  const server = createServer((incoming, outgoing) => void exchange(service, incoming, outgoing));
  const bound = await listen(server, port, host);
  return {
    url: `http://${host}:${bound}`,
    port: bound,
    counts: service.counts,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, service.stop()]);
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // A TCP server that listens has an AddressInfo; the other types are for pipes and closed servers.
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function exchange<Counts>(
  service: HttpService<Counts>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  // Without a listener, a caller that hangs up while it is answered would end the process.
  outgoing.on('error', () => {});
  const answer = await receive(incoming, hangUpSignal(outgoing))
    .then((request) => statsAnswer(service, request) ?? service.answer(request))
    .catch((error: unknown) => service.answerError(error));
  if (outgoing.destroyed) return;
  outgoing.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
}

function hangUpSignal(outgoing: ServerResponse): AbortSignal {
  const hungUp = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) hungUp.abort();
  });
  return hungUp.signal;
}

async function receive(incoming: IncomingMessage, signal: AbortSignal): Promise<HttpRequest> {
  const [path = '/', ...query] = (incoming.url ?? '/').split('?');
  return {
    method: incoming.method ?? 'GET',
    path,
    query: new URLSearchParams(query.join('?')),
    headers: incoming.headers,
    body: await readBody(incoming),
    signal,
  };
}

// Reads to the end even when it is too much: a caller that is still sending would not see an earlier answer.
async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Without setEncoding a request yields Buffers, which its type does not say.
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES)
    throw refusal(413, `max request size exceeded, the limit is ${MAX_BODY_BYTES} bytes`);
  return Buffer.concat(chunks);
}

function statsAnswer<Counts>(service: HttpService<Counts>, { method, path }: HttpRequest): HttpAnswer | null {
  if (method === 'GET' && path === '/stats') return json(200, service.counts());
  if (method !== 'POST' || path !== '/stats/reset') return null;
  service.resetCounts();
  return json(200, service.counts());
}
