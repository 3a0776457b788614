import { type Cell, type Column, percent, seconds, whole } from './cells.ts';
import type { Latencies, Quantiles } from './latencies.ts';
import { of, percentOf, type Result, type Results } from './results.ts';

const quantiles = ({ p50Ms, p99Ms }: Quantiles): Cell => `${whole(p50Ms)} / ${whole(p99Ms)} ms`;
const latencyOf =
  (part: keyof Latencies) =>
  ({ measures }: Result): Cell =>
    quantiles(measures.latencies[part]);

/** The columns of the table that compares reads at the stores with reads at the origin Worker. */
export const tripColumns: readonly Column[] = [
  [
    'connections',
    ({ config: { connections, lives } }) =>
      connections.setUpTrips === 0 ? 'open' : `of isolates that live ${seconds(lives.meanLifeMs)}`,
  ],
  ['below memory', ({ config }) => (config.originWorker ? 'the origin Worker' : 'the stores')],
  ['all reads', latencyOf('all')],
  ['from Redis', latencyOf('shared')],
  ['cold', latencyOf('cold')],
  ['cold and far', latencyOf('coldAndFar')],
  ['without Redis', ({ measures }) => percent(percentOf(measures.withoutRedis, measures.reads))],
];

/** The fall of the 99th percentile of far cold reads, in each pair of fleets with and without the origin Worker. */
export function gain(results: Results): string {
  const p99s = of(results, 'trips').map(({ measures }) => measures.latencies.coldAndFar.p99Ms);
  const falls = p99s.flatMap((before, i) =>
    i % 2 === 0 ? [percentOf(before - (p99s[i + 1] ?? 0), before)] : [],
  );
  const [least, most] = [Math.min(...falls), Math.max(...falls)];
  return `The 99th percentile of far cold reads falls by ${least.toFixed(0)} to ${most.toFixed(0)} %.`;
}
