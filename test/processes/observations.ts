import { setTimeout as pause } from 'node:timers/promises';
import { LOCAL_KEY } from '../../local/stack.ts';
import type { AccountProcess } from './account-process.ts';

/** One answer of a process. */
export interface Observation {
  /** The time of sending, by `performance.now()`. */
  readonly sentAtMs: number;
  readonly status: number;
  /** The parts of Cache-Status, one for each tier. */
  readonly cacheStatus: string;
  readonly token: string | null;
  readonly body: unknown;
}

/** A reader that asks again and again until it is stopped. */
export interface Watch {
  /** Resolves to everything seen, once a request was sent at or after this time. */
  until(atMs: number): Promise<readonly Observation[]>;
}

type Headers = Readonly<Record<string, string>>;

const POLL_MS = 20;

export async function ask(
  { url }: AccountProcess,
  path: string,
  headers: Headers = {},
  method = 'GET',
): Promise<Observation> {
  const sentAtMs = performance.now();
  const authorized = { ...headers, Authorization: `Bearer ${LOCAL_KEY}` };
  const response = await fetch(`${url}${path}`, { method, headers: authorized });
  return {
    sentAtMs,
    status: response.status,
    cacheStatus: response.headers.get('Cache-Status') ?? '',
    token: response.headers.get('Consistency-Token'),
    body: await response.json(),
  };
}

/** Starts at once. Headers are made for each request as it is sent. */
export function startWatch(reader: AccountProcess, path: string, headers: () => Headers): Watch {
  let endMs = Infinity;
  const seen: Observation[] = [];
  const watching = (async () => {
    for (;;) {
      const last = await ask(reader, path, headers());
      seen.push(last);
      if (last.sentAtMs >= endMs) return seen;
      await pause(POLL_MS);
    }
  })();
  // `until` reports the error, if the test gets there.
  watching.catch(() => {});
  return {
    until(atMs) {
      endMs = atMs;
      return watching;
    },
  };
}
