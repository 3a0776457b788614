import { keptFor } from './cells.ts';
import { hitRatio, memoryShare } from './closed-form.ts';
import { makeConfig } from './config.ts';
import { ACCOUNTS, ISOLATES, MEMORY_LIVES_MS, UNKEY_PERCENT, WRITES_PER_S } from './experiments.ts';
import { perMillionReads } from './prices.ts';
import { memoryPercent, of, type Result, type Results } from './results.ts';
import { type Axis, type Chart, type Series, shortNumber } from './svg.ts';

const PERCENT: Axis = { label: 'reads answered by memory, %', ticks: [0, 20, 40, 60, 80, 100] };
const LIFETIME: Axis = { label: 'memory lifetime, s', ticks: [1, 2, 5, 10, 20, 60], isLog: true };
const seconds = (ms: number): number => ms / 1_000;

/** One line for each number of isolates. The axis is the memory lifetime. */
function byLifetime(
  results: Results,
  kind: Series['kind'],
  y: (result: Result) => number,
  what = '',
): Series[] {
  return ISOLATES.map((isolates, colour) => ({
    name: `${shortNumber(isolates)} isolates${what}`,
    colour,
    kind,
    points: of(results, 'lifetime')
      .filter(({ config }) => config.isolates === isolates)
      .map((result) => [seconds(result.config.memoryTtlMs), y(result)] as const),
  }));
}

function lifetimeChart(results: Results): Chart {
  const closedForm = (result: Result): number => memoryShare(result.config) * 100;
  return {
    title: 'Memory hits of a fleet that reads 500 times a second',
    x: LIFETIME,
    y: PERCENT,
    series: [
      ...byLifetime(results, 'dots', memoryPercent),
      ...byLifetime(results, 'line', closedForm, ', closed form'),
    ],
  };
}

function priceChart(results: Results): Chart {
  return {
    title: 'Redis commands at list price',
    x: LIFETIME,
    y: { label: 'US dollars per million reads', ticks: [0, 0.5, 1, 1.5, 2, 2.5] },
    series: byLifetime(results, 'line', ({ measures }) => perMillionReads(measures).redisUsd),
  };
}

function latencyChart(results: Results): Chart {
  return {
    title: 'Latency of reads, stores in Virginia',
    x: LIFETIME,
    y: { label: 'ms', ticks: [0, 100, 200, 300, 400, 500] },
    series: [
      ...byLifetime(results, 'line', ({ measures }) => measures.latencies.all.p50Ms, ', p50'),
      ...byLifetime(results, 'dashed', ({ measures }) => measures.latencies.all.p99Ms, ', p99'),
    ],
  };
}

/** The reads of one isolate in a memory lifetime, over all accounts. */
const READS_PER_LIFETIME = [1, 10, 100, 1_000, 10_000, 100_000];
const POINTS_PER_DECADE = 4;

function isolateChart(): Chart {
  const steps = (READS_PER_LIFETIME.length - 1) * POINTS_PER_DECADE;
  const xs = Array.from({ length: steps + 1 }, (_, i) => 10 ** (i / POINTS_PER_DECADE));
  const memoryTtlMs = 5_000;
  const percentAt = (accounts: number, reads: number): number =>
    memoryShare(makeConfig({ isolates: 1, accounts, memoryTtlMs, readsPerS: reads / seconds(memoryTtlMs) })) *
    100;
  return {
    title: 'When memory pays: the traffic of one isolate',
    x: { label: 'reads of the isolate in one memory lifetime', ticks: READS_PER_LIFETIME, isLog: true },
    y: PERCENT,
    series: [
      ...ACCOUNTS.map((accounts, colour): Series => ({
        name: `${shortNumber(accounts)} accounts`,
        colour,
        kind: 'line',
        points: xs.map((x) => [x, percentAt(accounts, x)] as const),
      })),
      {
        name: `Unkey, published: ${UNKEY_PERCENT} %`,
        colour: 1,
        kind: 'dashed',
        points: [
          [1, UNKEY_PERCENT],
          [100_000, UNKEY_PERCENT],
        ],
      },
    ],
  };
}

function ruleChart(): Chart {
  const ticks = [0.01, 0.1, 1, 10, 100];
  const xs = Array.from(
    { length: 4 * POINTS_PER_DECADE + 1 },
    (_, i) => 0.01 * 10 ** (i / POINTS_PER_DECADE),
  );
  return {
    title: 'The rule of thumb, for one key in one isolate',
    x: { label: 'reads of the key in one memory lifetime', ticks, isLog: true },
    y: PERCENT,
    series: [
      { name: 'as it is', colour: 0, kind: 'line', points: xs.map((n) => [n, hitRatio(n) * 100] as const) },
      {
        name: 'without refreshing',
        colour: 1,
        kind: 'dashed',
        points: xs.map((n) => [n, (100 * n) / (1 + n)] as const),
      },
    ],
  };
}

const WRITES: Axis = { label: 'writes/s, at 500 reads/s', ticks: WRITES_PER_S, isLog: true };

function logChart(results: Results): Chart {
  const runs = of(results, 'writes').slice(0, MEMORY_LIVES_MS.length * WRITES_PER_S.length);
  return {
    title: 'Memory hits of 1,000 isolates by writes',
    x: WRITES,
    y: PERCENT,
    series: MEMORY_LIVES_MS.map((memoryLifeMs, colour) => ({
      name: memoryLifeMs === 0 ? 'forgotten after 5 s' : 'validated',
      colour,
      kind: 'line',
      points: runs
        .filter(({ config }) => config.memoryLifeMs === memoryLifeMs)
        .map(
          (result) => [result.config.readsPerS / result.config.readsPerWrite, memoryPercent(result)] as const,
        ),
    })),
  };
}

/** Steps of a distribution: enough for a smooth line, few enough for a small file. */
const STEPS = 60;

function stalenessChart(results: Results): Chart {
  const line = (name: string, colour: number, kind: Series['kind'], sorted: readonly number[]): Series => ({
    name,
    colour,
    kind,
    points: Array.from({ length: STEPS + 1 }, (_, i) => {
      const at = Math.min(sorted.length - 1, Math.floor((i / STEPS) * sorted.length));
      return [seconds(sorted[at] ?? 0), (i / STEPS) * 100] as const;
    }),
  });
  return {
    title: 'Age of wrong answers, counted from the commit',
    x: { label: 'age, s', ticks: [0, 20, 40, 60, 80, 100, 120] },
    y: { label: 'wrong answers that are no older, %', ticks: [0, 20, 40, 60, 80, 100] },
    series: of(results, 'staleness').flatMap(({ config, measures }, colour) => {
      const ofLifetime = keptFor({ config });
      return [
        line(`${ofLifetime}, written here`, colour, 'line', measures.staleMs.service),
        line(`${ofLifetime}, by others`, colour, 'dashed', measures.staleMs.outside),
      ];
    }),
  };
}

/** The plots of docs/fleet.md, by the names of their files. */
export function makeCharts(results: Results): Readonly<Record<string, Chart>> {
  return {
    'fleet-lifetime': lifetimeChart(results),
    'fleet-isolate': isolateChart(),
    'fleet-rule': ruleChart(),
    'fleet-price': priceChart(results),
    'fleet-latency': latencyChart(results),
    'fleet-staleness': stalenessChart(results),
    'fleet-log': logChart(results),
  };
}
