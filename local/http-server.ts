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
 * Options of a server that lets the client close an idle connection. Node's default closes it after 5 s, and sometimes
 * does so just as a client on a busy machine sends its next request.
 */
export const KEEP_OPEN = { keepAliveTimeout: 0 };

// The default limit of both services. A Worker's request to either has a few hundred bytes.
const MAX_BODY_BYTES = 10 * 1024 * 1024;
// The half of a body arrives within this time. A reset drops the bytes that are still on their way.
const CUT_OFF_AFTER_MS = 20;

export interface HttpRequest {
  method: string;
  /** The path as the caller sent it, still percent-encoded, without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Aborts when the caller hangs up before the answer, and when the server closes. */
  signal: AbortSignal;
}

export interface HttpService<Counts> {
  /** Checks and counts a request. Throws when the request cannot be served. */
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
  /** Replaces the active faults by `{ faults, seed? }`, see `Fault`. Throws one sentence that says what is wrong. */
  setFaults(faults: unknown): FaultReport;
  /** Ends within a second, even while requests are under way. */
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
      // A listening TCP server has an AddressInfo. The other types belong to pipes and closed servers.
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function exchange<Counts>(
  serving: Serving<Counts>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  // A caller that hangs up during its answer would end the process if there were no listener.
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

// Reads a body that is too large to its end: a caller that is still sending would not see an earlier answer.
async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // A request without setEncoding yields Buffers. Its type does not say so.
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
