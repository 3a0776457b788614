import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeFaults, type FaultReport, type Faults, type FaultTargets } from './faults.ts';
import { answerStruck, halfOf, type Delivery, type HttpCall } from './faulty-answer.ts';
import { json, reasonOf, refusal, type HttpAnswer } from './http-answer.ts';

/**
 * Options of a server that leaves it to the client to close a connection that is idle. A server that closes it, as Node's
 * does after 5 s, now and then does so just when a client on a busy machine sends the next request on it.
 */
export const KEEP_OPEN = { keepAliveTimeout: 0 };

// What both services accept by default. A Worker's request to either is a few hundred bytes.
const MAX_BODY_BYTES = 10 * 1024 * 1024;
// Until then the half of a body that is cut off has arrived; a reset drops what is still on its way.
const CUT_OFF_AFTER_MS = 20;

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

export interface HttpService<Counts> {
  /** Checks and counts a request; throws for one that cannot be served. */
  accept(request: HttpRequest): HttpCall;
  answerError(error: unknown): HttpAnswer;
  counts(): Counts;
  resetCounts(): void;
  readonly faultTargets: FaultTargets;
  /** Drops the connections to the engine. */
  stop(): Promise<void> | void;
}

export interface HttpServer<Counts> {
  url: string;
  port: number;
  counts(): Counts;
  /** Puts `{ faults, seed? }` in place of what is on, see `Fault`. Throws one sentence that says what is wrong. */
  setFaults(faults: unknown): FaultReport;
  /** Ends within a second, whatever is under way. */
  close(): Promise<void>;
}

interface Serving<Counts> {
  readonly service: HttpService<Counts>;
  readonly faults: Faults;
}

/**
 * Serves `service` on `host:port` (0: any free port) together with `GET /stats` and `POST /stats/reset`, and the switches
 * `GET`, `POST` and `DELETE /faults`, which are not counted. Resolves once it listens; rejects with the listen error as it came.
 */
export async function serveHttp<Counts>(
  service: HttpService<Counts>,
  { port, host }: { port: number; host: string },
): Promise<HttpServer<Counts>> {
  const faults = makeFaults(service.faultTargets);
  const serving = { service, faults };
  const server = createServer(KEEP_OPEN, (incoming, outgoing) => void exchange(serving, incoming, outgoing));
  const bound = await listen(server, port, host);
  return {
    url: `http://${host}:${bound}`,
    port: bound,
    counts: service.counts,
    setFaults: faults.set,
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
  serving: Serving<Counts>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  // Without a listener, a caller that hangs up while it is answered would end the process.
  outgoing.on('error', () => {});
  const delivery = await receive(incoming, hangUpSignal(outgoing))
    .then((request) => answer(serving, request))
    .catch((error: unknown) => ({ answer: serving.service.answerError(error) }));
  if (!outgoing.destroyed) deliver(outgoing, delivery);
}

async function answer<Counts>({ service, faults }: Serving<Counts>, request: HttpRequest): Promise<Delivery> {
  const own = statsAnswer(service, request) ?? faultsAnswer(faults, request);
  if (own) return { answer: own };
  const call = service.accept(request);
  const strike = faults.strike(call.verbs);
  if (!strike) return { answer: await call.run() };
  return answerStruck(strike, call, service.answerError, request.signal);
}

function deliver(outgoing: ServerResponse, delivery: Delivery): void {
  const reset = () => void outgoing.socket?.resetAndDestroy();
  if (delivery === 'reset') return reset();
  const { status, body } = delivery.answer;
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  outgoing.writeHead(status, headers);
  if (!delivery.halfThen) return void outgoing.end(body);
  const isReset = delivery.halfThen === 'reset';
  outgoing.write(halfOf(body), () => isReset && setTimeout(reset, CUT_OFF_AFTER_MS));
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

function faultsAnswer(faults: Faults, { method, path, body }: HttpRequest): HttpAnswer | null {
  if (path !== '/faults') return null;
  try {
    if (method === 'GET') return json(200, faults.report());
    if (method === 'POST') return json(200, faults.set(JSON.parse(body.toString())));
    if (method === 'DELETE') return json(200, faults.set({ faults: [] }));
  } catch (error) {
    return json(400, { error: reasonOf(error) });
  }
  return json(405, { error: `${method} is not allowed, use GET, POST or DELETE` });
}
