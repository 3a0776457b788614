import { setTimeout as sleep } from 'node:timers/promises';
import autocannon, { type Request, type Result } from 'autocannon';

/** The answers that callers got at one rate. */
export interface Step {
  readonly ratePerS: number;
  readonly answeredPerS: number;
  readonly answered: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The errors by kind, each with its count; empty when there were none. */
  readonly errors: Readonly<Record<string, number>>;
}

/**
 * autocannon sends the requests of a second at the beginning of that second, as fast as it can. Many of it therefore
 * share the rate and start one after the other.
 */
const CANNONS = 20;
const CONNECTIONS_EACH = 4;
const TIMEOUT_S = 10;
const S = 1_000;
const [MIDDLE, TAIL] = [0.5, 0.99];

/** The number of connections in all. It bounds the requests under way at any rate. */
export const CONNECTIONS = CANNONS * CONNECTIONS_EACH;

/** Sends requests at a rate for some seconds, and waits for the end. */
export async function runStep(
  url: string,
  ratePerS: number,
  seconds: number,
  next: () => Request,
): Promise<Step> {
  const took: number[][] = [];
  const share = Math.ceil(ratePerS / CANNONS);
  const runs: Promise<Result>[] = [];
  for (let at = 0; at < CANNONS; at += 1) {
    const cannon = autocannon({
      url,
      connections: CONNECTIONS_EACH,
      overallRate: share,
      duration: seconds,
      timeout: TIMEOUT_S,
      requests: [{ setupRequest: (request) => ({ ...request, ...next() }) }],
    });
    const own: number[] = [];
    cannon.on('response', (_client: unknown, _status: number, _bytes: number, ms: number) => own.push(ms));
    took.push(own);
    runs.push(Promise.resolve(cannon));
    await sleep(S / CANNONS);
  }
  const results = await Promise.all(runs);
  const sorted = took.flat().sort((a, b) => a - b);
  return {
    ratePerS: share * CANNONS,
    answeredPerS: sorted.length / seconds,
    answered: sorted.length,
    p50Ms: quantile(sorted, MIDDLE),
    p99Ms: quantile(sorted, TAIL),
    errors: collectErrors(
      results,
      took.map(({ length }) => share + length),
    ),
  };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/**
 * `accounted` has, for each cannon, the number of its answered requests plus a second's share. autocannon counts the
 * requests of the first second twice as sent, except those that are under way at the end.
 */
function collectErrors(results: readonly Result[], accounted: readonly number[]): Record<string, number> {
  const errors: Record<string, number> = {};
  const add = (name: string, count: number): void => {
    if (count > 0) errors[name] = (errors[name] ?? 0) + count;
  };
  for (const [at, { errors: failed, timeouts, requests, statusCodeStats }] of results.entries()) {
    add('timeout', timeouts);
    add('connection error', failed - timeouts);
    // autocannon reopens a closed connection, and does not report the request that was under way on it.
    add('lost', requests.sent - (accounted[at] ?? 0) - failed);
    for (const [status, { count }] of Object.entries(statusCodeStats))
      if (!/^2|^304$/.test(status)) add(`status ${status}`, count);
  }
  return errors;
}
