import { type Cell, percent, perRead, quantile, seconds, table, whole } from './cells.ts';
import { MEMORY_LIVES_MS, VALIDATION_FLEETS } from './experiments.ts';
import { perMillionReads } from './prices.ts';
import { memoryPercent, of, type Result, type Results } from './results.ts';

type Fleet = keyof typeof VALIDATION_FLEETS;
type Row = readonly [name: string, fleet: Fleet, cell: (result: Result) => Cell];

/** The usual number of writes to a million reads. */
const WRITES_PER_MILLION = 1_000;
const memory = (result: Result): Cell => percent(memoryPercent(result));

const rows: readonly Row[] = [
  ['memory hits: 1,000 isolates that live 30 min', 'standard', memory],
  ['memory hits: 1,000 isolates that live 5 min', 'shortLived', memory],
  ['memory hits: 300 isolates', 'threeHundred', memory],
  ['memory hits: 100 isolates', 'hundred', memory],
  ['memory hits: 1,000 isolates, 5,000 reads/s', 'busy', memory],
  [
    'requests to Redis per read',
    'standard',
    ({ measures }) => perRead(measures.commands.read + measures.commands.poll, measures),
  ],
  [
    'of these polls, for the news alone',
    'standard',
    ({ measures }) => perRead(measures.commands.poll, measures),
  ],
  [
    'Redis commands per read, with fills',
    'standard',
    ({ measures }) => (perMillionReads(measures).redisCommands / 1e6).toFixed(2),
  ],
  ['Postgres queries per read', 'standard', ({ measures }) => perRead(measures.loads, measures)],
  [
    'bytes to and from Redis per read',
    'standard',
    ({ measures }) => perRead(measures.bytes.sent + measures.bytes.received, measures, 0),
  ],
  [
    'of these bytes, those of the log',
    'standard',
    ({ measures }) => perRead(measures.bytes.ofLog, measures, 0),
  ],
  [
    'wrong answers per million reads, written here',
    'written',
    ({ measures: { staleMs, writes } }) => whole((staleMs.service.length / writes) * WRITES_PER_MILLION),
  ],
  ['longest until all see a write of another client', 'writtenOutside', longest],
  ['the same with a drain by the cron alone', 'cron', longest],
  ['p50 of all reads', 'standard', latency('p50Ms')],
  ['p99 of all reads', 'standard', latency('p99Ms')],
  ['memory hits, by the origin Worker', 'placed', memory],
  ['p99 of all reads, by the origin Worker', 'placed', latency('p99Ms')],
];

function longest({ measures }: Result): Cell {
  return seconds(quantile(measures.staleMs.outside, 1));
}

function latency(quantileMs: 'p50Ms' | 'p99Ms'): (result: Result) => Cell {
  return ({ measures }) => `${whole(measures.latencies.all[quantileMs])} ms`;
}

/** Compares the lives of entries in memory: a row for each figure, a column for each life. */
export function validation(results: Results): string {
  const fleets = Object.keys(VALIDATION_FLEETS);
  const cellOf = (memoryLifeMs: number, fleet: Fleet, cell: Row[2]): Cell => {
    const ofLife = of(results, 'validation').filter(({ config }) => config.memoryLifeMs === memoryLifeMs);
    const result = ofLife[fleets.indexOf(fleet)];
    if (!result) throw new Error(`no fleet ${fleet} has run`);
    return cell(result);
  };
  const heads = MEMORY_LIVES_MS.map((ms) =>
    ms === 0 ? 'forgotten after 5 s' : `validated, up to ${seconds(ms)}`,
  );
  return table(
    ['', ...heads],
    rows.map(([name, fleet, cell]) => [name].concat(MEMORY_LIVES_MS.map((ms) => cellOf(ms, fleet, cell)))),
  );
}
