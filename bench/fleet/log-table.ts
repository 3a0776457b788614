import { type Cell, type Column, dollars, keptFor, percent, perRead, seconds, tableOf } from './cells.ts';
import { WRITES_PER_S } from './experiments.ts';
import { perMillionReads } from './prices.ts';
import { memoryPercent, of, percentOf, type Result, type Results } from './results.ts';

const writesPerS = ({ config: { readsPerS, readsPerWrite } }: Result): number => readsPerS / readsPerWrite;
const bytesOf = ({ measures: { bytes } }: Result): number => bytes.sent + bytes.received;
const isValidated = ({ config }: Result): boolean => config.memoryLifeMs > 0;
/** Columns that say nothing about memory that is forgotten. */
const ofNews =
  (cell: (result: Result) => Cell) =>
  (result: Result): Cell =>
    isValidated(result) ? cell(result) : '';

const columns: readonly Column[] = [
  ['a drain every', ({ config }) => seconds(config.drainEveryMs)],
  ['writes/s', (result) => `${Number(writesPerS(result).toPrecision(3))}`],
  ['memory keeps for', keptFor],
  ['memory', (result) => percent(memoryPercent(result))],
  [
    'requests to Redis per read',
    ({ measures }) => perRead(measures.commands.read + measures.commands.poll, measures),
  ],
  ['of these polls', ofNews(({ measures }) => perRead(measures.commands.poll, measures, 3))],
  ['tags per news', ofNews(({ measures: { news } }) => (news.tags / news.calls).toFixed(1))],
  ['gaps', ofNews(({ measures: { news } }) => percent(percentOf(news.gaps, news.calls)))],
  ['bytes of the log per read', ofNews(({ measures }) => perRead(measures.bytes.ofLog, measures, 0))],
  ['bytes per read', (result) => perRead(bytesOf(result), result.measures, 0)],
  ['Redis with its traffic, $ per M', (result) => dollars(price(result))],
];

/** The cost of the log by the writes per second, beside memory without it. */
export function writes(results: Results): string {
  return tableOf(of(results, 'writes'), columns);
}

function price({ measures }: Result): number {
  const { redisUsd, redisTrafficUsd } = perMillionReads(measures);
  return redisUsd + redisTrafficUsd;
}

/** Answers how many dollars validation saves at Redis, for each rate of writes. */
function gainsOf(results: Results): readonly (readonly [writesPerS: number, usd: number])[] {
  const runs = of(results, 'writes');
  return WRITES_PER_S.map((rate, i) => {
    const [forgotten, validated] = runs.slice(2 * i, 2 * i + 2);
    if (!forgotten || !validated) throw new Error(`no fleets with ${rate} writes/s have run`);
    return [rate, price(forgotten) - price(validated)];
  });
}

/** The rate of writes up to which the log pays. */
export function paying(results: Results): string {
  const gains = gainsOf(results);
  const at = gains.findIndex(([, usd]) => usd <= 0);
  const [lower, upper] = [gains[at - 1], gains[at]];
  if (!upper) return `It pays at every rate tried, up to ${gains.at(-1)?.[0]} writes/s.`;
  if (!lower) return `It pays below ${upper[0]} writes/s only.`;
  // The gain is taken to fall in a line over the logarithm of the rate, between the two rates about its end.
  const share = lower[1] / (lower[1] - upper[1]);
  const rate = lower[0] * (upper[0] / lower[0]) ** share;
  return `It pays up to ${Number(rate.toPrecision(1))} writes/s.`;
}
