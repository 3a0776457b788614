import { type Client, makeClient } from '../../src/client/client.ts';
import type { Target } from '../contexts/target.ts';
import { EXIT, Failure } from '../failure.ts';
import type { Io } from '../io.ts';
import { harmless } from '../output/text.ts';
import type { Output } from '../output/output.ts';
import { reasonOf } from '../reason.ts';
import { version } from '../version.ts';

/** The service that a command asks. */
export interface Session {
  readonly url: string;
  /** The id in the text of the key; null for the root key, which has none. */
  readonly keyId: string | null;
  readonly client: Client;
  /** Sends a request of a path for which the client has no member. */
  send(path: string, init?: RequestInit): Promise<Response>;
}

/** Longer than the longest wait for a change. */
const DEADLINE_MS = 60_000;

/** Reads pass the memory of the isolate by: a change by the same person a moment ago must be in them. */
const FRESH = 'max-age=0';

export function openSession({ url, key }: Target, io: Io, output: Pick<Output, 'trace'>): Session {
  const ask = makeFetch(io, output);
  return {
    url,
    keyId: /^ea_[a-z0-9]+_([1-9][0-9]*)_/.exec(key)?.[1] ?? null,
    client: makeClient({ baseUrl: url, key, fetch: (input, init) => ask(toUrl(input), init ?? {}) }),
    send(path, init = {}) {
      const headers = new Headers(init.headers);
      headers.set('Authorization', `Bearer ${key}`);
      return ask(`${url}${path}`, { ...init, headers });
    },
  };
}

const toUrl = (input: Request | URL | string) => (input instanceof Request ? input.url : String(input));

function makeFetch(io: Io, output: Pick<Output, 'trace'>) {
  return async (url: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('User-Agent', `edge-accounts/${version}`);
    const method = init.method ?? 'GET';
    if (method === 'GET' && !headers.has('Cache-Control')) headers.set('Cache-Control', FRESH);
    const began = io.now();
    const signal = AbortSignal.any([io.interrupted, AbortSignal.timeout(DEADLINE_MS)]);
    const response = await io.fetch(url, { ...init, headers, signal, redirect: 'error' }).catch((error) => {
      throw unreachable(url, error);
    });
    const id = response.headers.get('X-Request-Id') ?? 'none';
    await output.trace(`${method} ${url} ${response.status} in ${io.now() - began} ms (request ${id})`);
    return response;
  };
}

function unreachable(url: string, error: unknown): Failure {
  const { origin } = new URL(url);
  return new Failure(
    EXIT.unavailable,
    `${origin} cannot be reached: ${harmless(isLate(error) ? LATE : reasonOf(error))}.`,
    'Is the URL right, and is the service up? `edge-accounts context list` shows the URLs.',
  );
}

const LATE = `no answer within ${DEADLINE_MS / 1_000} s`;
const isLate = (error: unknown) => error instanceof Error && error.name === 'TimeoutError';
