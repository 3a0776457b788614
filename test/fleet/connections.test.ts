import { expect, test } from 'vitest';
import { ALWAYS_OPEN, type Connections, type Line, makeLine } from '../../bench/fleet/connections.ts';
import { makeRemote } from '../../bench/fleet/network.ts';
import { makeRandom } from '../../bench/fleet/random.ts';
import { makeVirtualTime, type VirtualTime } from '../../bench/fleet/virtual-time.ts';

const TRIP_MS = 100;
const KEEP_ALIVE_MS = 60_000;
const NO_TIME = { medianMs: 0, p99Ms: 0 };

function makeTimedLine(connections: Connections): { time: VirtualTime; line: Line } {
  const time = makeVirtualTime();
  const remote = makeRemote(time, makeRandom(1, 1), 0);
  return { time, line: makeLine(time.clock, remote, connections, NO_TIME, TRIP_MS) };
}

/** Sends so many requests at once, and answers the durations in ms. */
async function durations({ clock, advanceTo }: VirtualTime, line: Line, requests: number): Promise<number[]> {
  const startMs = clock.now();
  const took = Array.from({ length: requests }, () => line(() => 'reply').then(() => clock.now() - startMs));
  await advanceTo(startMs + 10 * TRIP_MS);
  return Promise.all(took);
}

const ownConnections = { setUpTrips: 2, keepAliveMs: KEEP_ALIVE_MS };

test('the first request on a line sets its connection up, and the next one finds it open', async () => {
  const { time, line } = makeTimedLine(ownConnections);
  expect(await durations(time, line, 1)).toEqual([300]);
  expect(await durations(time, line, 1)).toEqual([100]);
});

test('requests at the same time need a connection each', async () => {
  const { time, line } = makeTimedLine(ownConnections);
  await durations(time, line, 1);
  expect((await durations(time, line, 2)).toSorted((a, b) => a - b)).toEqual([100, 300]);
  expect(await durations(time, line, 2)).toEqual([100, 100]);
});

test('a connection that has been idle for too long is set up again', async () => {
  const { time, line } = makeTimedLine(ownConnections);
  await durations(time, line, 2);
  await time.advanceTo(time.clock.now() + KEEP_ALIVE_MS);
  expect(await durations(time, line, 1)).toEqual([300]);
  expect(await durations(time, line, 2)).toEqual([100, 300]);
});

test('connections that are always open cost one trip from the first request on', async () => {
  const { time, line } = makeTimedLine(ALWAYS_OPEN);
  expect(await durations(time, line, 2)).toEqual([100, 100]);
});
