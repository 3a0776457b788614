import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { KEEP_OPEN } from '../../local/http-server.ts';

/** A proxy in front of a bridge. A test can hold a request or an answer at an exact point of its way. */
export interface Gate {
  readonly url: string;
  /** Holds the next request whose body matches, or the answer to it. */
  hold(point: 'request' | 'answer', pattern: RegExp): Held;
  close(): void;
}

export interface Held {
  /** Resolves when the held message has come. */
  readonly come: Promise<void>;
  /**
   * Lets the message go on, and resolves when it has. A held request reaches the bridge even if its sender has ended,
   * as a request on the wire does.
   */
  release(): Promise<void>;
  /** Drops the message. */
  drop(): void;
}

interface Hold {
  readonly point: 'request' | 'answer';
  readonly pattern: RegExp;
  readonly come: PromiseWithResolvers<void>;
  readonly verdict: PromiseWithResolvers<'release' | 'drop'>;
  readonly passed: PromiseWithResolvers<void>;
}

const HOP_BY_HOP = new Set(['connection', 'content-length', 'host', 'keep-alive', 'transfer-encoding']);

export async function startGate(target: string): Promise<Gate> {
  const holds = new Set<Hold>();
  const server = createServer(KEEP_OPEN, (incoming, outgoing) => {
    pass(target, holds, incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // A listening TCP server has an AddressInfo. The other types belong to pipes and closed servers.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold(point, pattern) {
      const hold = makeHold(point, pattern);
      holds.add(hold);
      return {
        come: hold.come.promise,
        drop: () => hold.verdict.resolve('drop'),
        release() {
          hold.verdict.resolve('release');
          return hold.passed.promise;
        },
      };
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function makeHold(point: Hold['point'], pattern: RegExp): Hold {
  return {
    point,
    pattern,
    come: Promise.withResolvers(),
    verdict: Promise.withResolvers(),
    passed: Promise.withResolvers(),
  };
}

async function pass(
  target: string,
  holds: Set<Hold>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const hungUp = new AbortController();
  outgoing.once('close', () => hungUp.abort());
  outgoing.on('error', () => {});
  const body = await text(incoming);
  const held = take(holds, 'request', body);
  await mayPass(held);
  const answer = await forward(target, incoming, body, held ? null : hungUp.signal);
  const heldAnswer = take(holds, 'answer', body);
  await mayPass(heldAnswer);
  outgoing.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  held?.passed.resolve();
  heldAnswer?.passed.resolve();
}

function take(holds: Set<Hold>, point: Hold['point'], body: string): Hold | undefined {
  const hold = [...holds].find((one) => one.point === point && one.pattern.test(body));
  if (hold) holds.delete(hold);
  return hold;
}

async function mayPass(hold: Hold | undefined): Promise<void> {
  hold?.come.resolve();
  if ((await hold?.verdict.promise) === 'drop') throw new Error('dropped');
}

async function forward(
  target: string,
  { method = 'GET', url = '/', headers }: IncomingMessage,
  body: string,
  signal: AbortSignal | null,
): Promise<{ status: number; body: string }> {
  const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name));
  const response = await fetch(`${target}${url}`, {
    method,
    headers: kept.map(([name, value]): [string, string] => [name, String(value)]),
    ...(body && { body }),
    signal,
  });
  return { status: response.status, body: await response.text() };
}
