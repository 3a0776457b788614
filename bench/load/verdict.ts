/** A rate that was asked for, and what came of it. */
export interface Served {
  readonly ratePerS: number;
  readonly answeredPerS: number;
  readonly p99Ms: number;
}

/** What the process held when so many requests had been answered. */
export interface MemorySample {
  readonly answered: number;
  /** Of the JavaScript heap, after garbage collection. */
  readonly heapBytes: number;
  readonly residentBytes: number;
}

/** Answers come late by chance; rates of the load tool are no more exact than this. */
const LEAST_SHARE = 0.95;
/** A queue multiplies what the slowest wait; noise of the host does not last for a whole step. */
const MOST_P99_RATIO = 5;
/** Below this a p99 is the host's: garbage collection, or another process on the core. */
const LEAST_P99_MS = 20;
/** Of the lowest rates, whose p99 is that of no load. */
const CALM_STEPS = 3;

/**
 * The knee: the highest rate that is served, in full and with a p99 no more than five times that of the lowest rates;
 * null when none is.
 */
export function findKnee(steps: readonly Served[]): number | null {
  const calm = steps.slice(0, CALM_STEPS).map(({ p99Ms }) => p99Ms);
  const mostMs = Math.max(LEAST_P99_MS, median(calm) * MOST_P99_RATIO);
  const served = steps.filter(
    ({ ratePerS, answeredPerS, p99Ms }) => answeredPerS >= ratePerS * LEAST_SHARE && p99Ms <= mostMs,
  );
  return served.length > 0 ? Math.max(...served.map(({ ratePerS }) => ratePerS)) : null;
}

/** Bytes by which a figure grows with each request, by the line of least squares through the samples. */
export function growthPerRequest(
  samples: readonly MemorySample[],
  figure: 'heapBytes' | 'residentBytes',
): number {
  const meanX = mean(samples.map(({ answered }) => answered));
  const meanY = mean(samples.map((sample) => sample[figure]));
  const [covariance, variance] = samples.reduce(
    ([xy, xx], sample) => {
      const x = sample.answered - meanX;
      return [xy + x * (sample[figure] - meanY), xx + x * x];
    },
    [0, 0],
  );
  return variance === 0 ? 0 : covariance / variance;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
