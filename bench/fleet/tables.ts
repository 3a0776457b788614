import {
  type Cell,
  type Column,
  dollars,
  keptFor,
  percent,
  perMillion,
  quantile,
  seconds,
  secondsOrNone,
  table,
  tableOf,
  whole,
} from './cells.ts';
import { hitRatio, memoryShare } from './closed-form.ts';
import { makeConfig } from './config.ts';
import { ACCOUNTS, ISOLATES, LIFETIMES_MS, UNKEY_PERCENT } from './experiments.ts';
import { paying, writes } from './log-table.ts';
import { perMillionReads } from './prices.ts';
import { compareToClosedForm, memoryPercent, of, percentOf, type Result, type Results } from './results.ts';
import { shortNumber } from './svg.ts';
import { gain, tripColumns } from './trips-table.ts';
import { validation } from './validation-table.ts';

const kept: Column = ['memory keeps for', keptFor];
const accounts: Column = ['accounts', ({ config }) => shortNumber(config.accounts)];
const memory: Column = ['memory', (result) => percent(memoryPercent(result))];
const redisUsd: Column = ['Redis, $ per M', ({ measures }) => dollars(perMillionReads(measures).redisUsd)];
const tiers: readonly Column[] = [
  memory,
  ['joined', ({ measures }) => percent(percentOf(measures.byTier.joined, measures.reads))],
  ['Redis', ({ measures }) => percent(percentOf(measures.byTier.redis, measures.reads))],
  ['Postgres', ({ measures }) => percent(percentOf(measures.byTier.postgres, measures.reads))],
];
const costs: readonly Column[] = [
  ['Redis commands per M', ({ measures }) => whole(perMillionReads(measures).redisCommands)],
  redisUsd,
  ['queries per M', ({ measures }) => whole(perMillionReads(measures).postgresQueries)],
  ['Postgres, $ per M', ({ measures }) => dollars(perMillionReads(measures).postgresUsd)],
];
const latency: readonly Column[] = [
  ['p50', ({ measures }) => `${whole(measures.latencies.all.p50Ms)} ms`],
  ['p99', ({ measures }) => `${whole(measures.latencies.all.p99Ms)} ms`],
];

/** A table with a row for each number of isolates and a column for each lifetime, and for validated memory. */
function grid(results: Results, cell: (result: Result) => Cell): string {
  const runs = [...of(results, 'lifetime'), ...of(results, 'validated')];
  const rows = ISOLATES.map((isolates) => {
    const ofIsolates = runs.filter(({ config }) => config.isolates === isolates);
    return [shortNumber(isolates)].concat(ofIsolates.map(cell));
  });
  return table(['isolates', ...LIFETIMES_MS.map(seconds), '5 s, validated'], rows);
}

function regionPercent({ measures }: Result, region: string): Cell {
  const { reads = 0, withoutRedis = 0 } = measures.regions[region] ?? {};
  return percent(percentOf(withoutRedis, reads));
}

/** Below the first share memory hardly matters; so many points are worth a poll now and then. */
const [POOR_PERCENT, GAIN_POINTS] = [10, 5];

// Each row has two fleets of one isolate, without validation and with it.
function settings(results: Results): string {
  const runs = of(results, 'settings');
  const rows = runs.flatMap((forgotten, i) => {
    const validated = runs[i + 1];
    if (i % 2 === 1 || !validated) return [];
    const { accounts: count, readsPerS } = forgotten.config;
    const [before, now] = [memoryPercent(forgotten), memoryPercent(validated)];
    return [[`${readsPerS}`, shortNumber(count), percent(before), percent(now), advice(before, now)]];
  });
  return table(
    ['reads/s of the isolate', 'accounts that it sees', 'memory at 5 s', 'validated', 'advice'],
    rows,
  );
}

function advice(before: number, now: number): Cell {
  if (now < POOR_PERCENT) return 'memory hardly matters, and costs nothing';
  return now - before >= GAIN_POINTS ? 'validation pays' : 'validation changes little';
}

/** The reads of a key in one isolate and lifetime, from those of most keys to those of the busiest. */
const RULE_READS = [0.01, 0.1, 0.3, 1, 3, 10, 30];

function rule(): string {
  const heads = ['reads of a key, per isolate and lifetime', ...RULE_READS.map(String)];
  return table(heads, [['answered by memory', ...RULE_READS.map((n) => percent(hitRatio(n) * 100))]]);
}

/** The least traffic of one isolate, in reads per lifetime, at which memory answers the share that Unkey published. */
function unkey(): string {
  const rows = ACCOUNTS.map((count) => [shortNumber(count), whole(readsFor(UNKEY_PERCENT, count))]);
  return table(['accounts that an isolate sees', 'reads in a memory lifetime'], rows);
}

// The closed form for one isolate whose memory forgets.
function onePercent(readsPerS: number, count: number, memoryTtlMs: number): number {
  return memoryShare(makeConfig({ isolates: 1, readsPerS, accounts: count, memoryTtlMs })) * 100;
}

const PRECISION = 1.01;
const MOST_STEPS = 2_048;

// More reads are never answered less, so that the least number of steps is found by halves.
function readsFor(wantedPercent: number, count: number): number {
  const lifetimeS = 5;
  let [low, high] = [0, MOST_STEPS];
  while (low < high) {
    const steps = Math.floor((low + high) / 2);
    const isEnough = onePercent(PRECISION ** steps / lifetimeS, count, lifetimeS * 1_000) >= wantedPercent;
    [low, high] = isEnough ? [low, steps] : [steps + 1, high];
  }
  return Number((PRECISION ** low).toPrecision(2));
}

function agreement(results: Results): string {
  const { fleets, mean, worst } = compareToClosedForm(results);
  return `Over ${fleets} fleets it is ${mean.toFixed(1)} points from what was counted on average, and ${worst.toFixed(1)} at worst.`;
}

const runs: Readonly<Record<string, readonly Column[]>> = {
  accounts: [accounts, kept, ...tiers, ...costs, ...latency],
  rate: [
    ['reads/s per isolate', ({ config }) => `${Number((config.readsPerS / config.isolates).toPrecision(2))}`],
    kept,
    ...tiers,
    redisUsd,
    ...latency,
  ],
  skew: [['exponent', ({ config }) => `${config.zipfExponent}`], ...tiers, redisUsd],
  home: [['from the own place', ({ config }) => percent(config.homeShare * 100)], ...tiers, redisUsd],
  size: [['MEMORY_MAX_BYTES', ({ config }) => `${config.memoryMaxBytes / 1_024} KiB`], memory, redisUsd],
  lives: [
    ['mean life of an isolate', ({ config }) => seconds(config.lives.meanLifeMs)],
    ['a deployment every', ({ config: { lives } }) => secondsOrNone(lives.deployEveryMs)],
    kept,
    memory,
    ['births', ({ measures }) => whole(measures.births)],
  ],
  staleness: [
    kept,
    [
      'written here: wrong per M reads',
      ({ measures }) => whole(perMillion(measures.staleMs.service.length, measures)),
    ],
    ['median', ({ measures }) => seconds(quantile(measures.staleMs.service, 0.5))],
    ['99 %', ({ measures }) => seconds(quantile(measures.staleMs.service, 0.99))],
    ['oldest', ({ measures }) => seconds(quantile(measures.staleMs.service, 1))],
    [
      'by others: wrong per M reads',
      ({ measures }) => whole(perMillion(measures.staleMs.outside.length, measures)),
    ],
    ['median', ({ measures }) => seconds(quantile(measures.staleMs.outside, 0.5))],
    ['oldest', ({ measures }) => seconds(quantile(measures.staleMs.outside, 1))],
    ['longest after Redis knew', ({ measures }) => seconds(measures.longestPastRedisMs)],
  ],
  deadline: [
    ['REDIS_DEADLINE_MS', ({ config }) => `${config.redisDeadlineMs}`],
    ['without Redis', ({ measures }) => percent(percentOf(measures.withoutRedis, measures.reads))],
    ...['Frankfurt', 'Tokyo', 'Singapore', 'Sydney'].map((region): Column => [
      region,
      (result) => regionPercent(result, region),
    ]),
    ['Postgres', ({ measures }) => percent(percentOf(measures.byTier.postgres, measures.reads))],
    ...latency,
  ],
  trips: tripColumns,
};

/** The tables of docs/fleet.md, by the names of their markers. */
export function makeTables(results: Results, seed: number): Readonly<Record<string, string>> {
  const thousand = [...of(results, 'lifetime'), ...of(results, 'validated')].filter(
    ({ config }) => config.isolates === 1_000,
  );
  const all = Object.values(results).flat();
  const reads = all.reduce((sum, { measures }) => sum + measures.reads, 0);
  return {
    run: `${all.length} fleets, ${whole(reads)} reads counted, \`SEED=${seed}\`.`,
    rule: rule(),
    unkey: unkey(),
    agreement: agreement(results),
    memory: grid(results, (result) => percent(memoryPercent(result))),
    price: grid(results, ({ measures }) => dollars(perMillionReads(measures).redisUsd)),
    latency: grid(
      results,
      ({ measures }) => `${whole(measures.latencies.all.p50Ms)} / ${whole(measures.latencies.all.p99Ms)} ms`,
    ),
    tiers: tableOf(thousand, [kept, ...tiers, ...costs, ...latency]),
    settings: settings(results),
    gain: gain(results),
    validation: validation(results),
    writes: writes(results),
    paying: paying(results),
    ...Object.fromEntries(
      Object.entries(runs).map(([name, columns]) => [name, tableOf(of(results, name), columns)]),
    ),
  };
}
