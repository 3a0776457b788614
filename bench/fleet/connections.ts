import type { Clock } from '../../src/cache/clock.ts';
import type { Remote, ServiceTime } from './network.ts';

/** How connections to a store come and go. */
export interface Connections {
  /** The round trips that a new connection takes before its first request. */
  readonly setUpTrips: number;
  /** An idle connection is open for so long, in ms. */
  readonly keepAliveMs: number;
}

/** Every request finds an open connection, as if all isolates of a place shared them and traffic never paused. */
export const ALWAYS_OPEN: Connections = { setUpTrips: 0, keepAliveMs: Infinity };

/**
 * Every isolate opens its own connections, the worst that can be. One trip for TCP and one for TLS 1.3;
 * docs/fleet.md has the sources of these figures.
 */
export const OF_THE_ISOLATE: Connections = { setUpTrips: 2, keepAliveMs: 900_000 };

/** The way from one isolate to one store. */
export type Line = <T>(run: () => T) => Promise<T>;

/**
 * Makes a line that carries one request at a time on a connection, as HTTP/1.1 does. A request that finds no idle
 * connection opens one. The connection of a request that nobody waits for any longer is idle after its reply.
 */
export function makeLine(
  clock: Clock,
  remote: Remote,
  connections: Connections,
  service: ServiceTime,
  tripMs: number,
): Line {
  const { setUpTrips, keepAliveMs } = connections;
  const request: Line = (run) => remote.ask(service, tripMs, run);
  if (setUpTrips === 0) return request;
  /** The times at which the idle connections got their last replies, ascending. */
  const idleSinceMs: number[] = [];
  const takeIdle = (): boolean => clock.now() < (idleSinceMs.pop() ?? -Infinity) + keepAliveMs;
  return async (run) => {
    if (!takeIdle()) await remote.travel(tripMs, setUpTrips);
    const reply = await request(run);
    idleSinceMs.push(clock.now());
    return reply;
  };
}
