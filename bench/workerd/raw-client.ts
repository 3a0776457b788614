import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

/** The bytes of a request, written once. */
export interface RawRequest {
  readonly port: number;
  readonly bytes: Buffer;
}

/** A connection that carries one request at a time. */
export interface RawConnection {
  /** Resolves when the whole answer has arrived. Throws when its status is not 200 or the connection is lost. */
  send(bytes: Buffer): Promise<string>;
  close(): void;
}

const HEADERS_END = '\r\n\r\n';
const CHUNKS_END = '0\r\n\r\n';
const LOST = 'the connection was lost';
const OK = 'HTTP/1.1 200 ';

/** A GET of the URL over a connection that stays open. */
export function rawRequest(url: string, headers: Readonly<Record<string, string>> = {}): RawRequest {
  const { host, port, pathname, search } = new URL(url);
  const lines = Object.entries({ Host: host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return {
    port: Number(port),
    bytes: Buffer.from(`GET ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`),
  };
}

/**
 * Opens a connection that reads only enough of an answer to find its end. Node's own client would cost as much as the
 * server that it measures, and most load tools report whole milliseconds.
 */
export async function openRaw(port: number): Promise<RawConnection> {
  const socket = createConnection({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  let waiting: PromiseWithResolvers<string> | undefined;
  let text = '';
  const lose = (): void => waiting?.reject(new Error(LOST));
  socket.on('error', lose).on('close', lose);
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    if (!waiting || !isWhole(text)) return;
    const [{ resolve, reject }, answer] = [waiting, text];
    [waiting, text] = [undefined, ''];
    if (answer.startsWith(OK)) resolve(answer);
    else reject(new Error(answer.slice(0, 400)));
  });
  return {
    send: (bytes) => sendOver(socket, bytes, (waiting = Promise.withResolvers<string>())),
    close: () => void socket.destroy(),
  };
}

async function sendOver(
  socket: Socket,
  bytes: Buffer,
  { promise }: PromiseWithResolvers<string>,
): Promise<string> {
  if (socket.destroyed) throw new Error(LOST);
  socket.write(bytes);
  return promise;
}

function isWhole(text: string): boolean {
  const end = text.indexOf(HEADERS_END);
  if (end < 0) return false;
  const [, length] = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end)) ?? [];
  if (length === undefined) return text.endsWith(CHUNKS_END);
  return text.length >= end + HEADERS_END.length + Number(length);
}

/** The body of an answer that came with its length. */
export function bodyOf(answer: string): string {
  return Buffer.from(answer.slice(answer.indexOf(HEADERS_END) + HEADERS_END.length), 'latin1').toString();
}
