import type { Store } from './engines.ts';
import type { Sample } from './load.ts';
import type { OutageRun } from './outage-run.ts';

/** The figures of one outage; times in ms. */
export interface Figures {
  readonly requests: number;
  readonly errors: number;
  readonly errorsInReach: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The p99 of the second half, in which every breaker is open. */
  readonly openP99Ms: number;
  /** The median of the p99 of each second of that half. Other work of the machine comes in bursts. */
  readonly steadyP99Ms: number;
  /** Requests per second to the stores that are out, in the second half. */
  readonly askedPerS: number;
  /** From the end of the outage to the first request that each store that was out answered again. */
  readonly backAfterMs: number;
  /** Errors of requests that were due more than 2 s after the end. */
  readonly errorsAfter: number;
  /** Answers by status and source. */
  readonly answers: ReadonlyMap<string, number>;
}

/** Errors later than this after an outage are counted on their own. */
const RECOVERY_MS = 2_000;

/** True if memory, or a store that is not out, must have had the answer. */
export function isInReach(
  { outage: { stores }, refreshedMs }: OutageRun,
  sample: Sample,
  ttlMs: number,
): boolean {
  if (!stores.includes('postgres')) return true;
  const { reach } = sample.question;
  if (!stores.includes('redis')) return reach !== 'cold';
  return reach === 'hot' && sample.answeredMs < refreshedMs + ttlMs;
}

/** The requests that were due while the stores were out. */
export function duringOutage({ samples, awayMs, endingMs }: OutageRun): readonly Sample[] {
  return samples.filter(({ dueMs }) => dueMs >= awayMs && dueMs < endingMs);
}

/** Computes the figures. `ttlMs` is the lifetime of an answer in memory. */
export function figuresOf(run: OutageRun, ttlMs: number): Figures {
  const { outage, middleMs, endingMs, endedMs, asked } = run;
  const during = duringOutage(run);
  const open = during.filter(({ dueMs }) => dueMs >= middleMs);
  const errors = during.filter(({ verdict }) => verdict !== 'right');
  const after = run.samples.filter(({ dueMs }) => dueMs > endedMs);
  const requestsToOut = outage.stores.reduce((sum, store) => sum + asked[store], 0);
  return {
    requests: during.length,
    errors: errors.length,
    errorsInReach: errors.filter((sample) => isInReach(run, sample, ttlMs)).length,
    p50Ms: quantile(latenciesOf(during), 0.5),
    p99Ms: quantile(latenciesOf(during), 0.99),
    openP99Ms: quantile(latenciesOf(open), 0.99),
    steadyP99Ms: quantile(p99OfEachSecond(open), 0.5),
    askedPerS: (requestsToOut * 1_000) / (endingMs - middleMs),
    backAfterMs: Math.max(...outage.stores.map((store) => findAnswerOf(store, after) - endedMs)),
    errorsAfter: after.filter(({ verdict, dueMs }) => verdict !== 'right' && dueMs > endedMs + RECOVERY_MS)
      .length,
    answers: countBy(during, describeAnswer),
  };
}

/** The due time of the first request that the store answered. */
function findAnswerOf(store: Store, samples: readonly Sample[]): number {
  return samples.find((sample) => isFrom(store, sample))?.dueMs ?? Infinity;
}

/** True if the store had a part in the answer, which it can only have when it is not out. */
export function isFrom(store: Store, { cacheStatus, status }: Sample): boolean {
  return store === 'redis'
    ? cacheStatus.includes('redis;') && !cacheStatus.includes('detail=')
    : nameSource(status, cacheStatus).includes('Postgres');
}

function latenciesOf(samples: readonly Sample[]): number[] {
  return samples.map(({ dueMs, answeredMs }) => answeredMs - dueMs);
}

function p99OfEachSecond(samples: readonly Sample[]): number[] {
  const seconds = Object.groupBy(samples, ({ dueMs }) => Math.floor(dueMs / 1_000));
  return Object.values(seconds).map((second = []) => quantile(latenciesOf(second), 0.99));
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
}

/** The status, the source, and the details of Cache-Status. */
function describeAnswer({ status, cacheStatus }: Sample): string {
  const details = [...cacheStatus.matchAll(/detail=([a-z-]+)/g)].map(([, detail]) => detail);
  return [status || 'no answer', ...nameSource(status, cacheStatus), ...details].join(' ');
}

function nameSource(status: number, cacheStatus: string): string[] {
  if (cacheStatus.includes('collapsed')) return ['collapsed'];
  if (cacheStatus.includes('isolate; hit')) return ['memory'];
  if (cacheStatus.includes('redis; hit')) return ['Redis'];
  return status === 200 || status === 404 ? ['Postgres'] : [];
}

function countBy(samples: readonly Sample[], name: (sample: Sample) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const sample of samples) counts.set(name(sample), (counts.get(name(sample)) ?? 0) + 1);
  return new Map([...counts].sort(([, a], [, b]) => b - a));
}
