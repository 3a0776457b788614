/** A requested rate and what the product served at it. */
export interface Served {
  readonly ratePerS: number;
  readonly answeredPerS: number;
  readonly p99Ms: number;
}

/** The memory of the process after so many answered requests. */
export interface MemorySample {
  readonly answered: number;
  /** The size of the JavaScript heap after garbage collection. */
  readonly heapBytes: number;
  readonly residentBytes: number;
}

/** Some answers come late by chance, and the rates of the load tool are no more exact than this. */
const LEAST_SHARE = 0.95;
/** A queue multiplies the longest waits. Noise of the host does not last for a whole step. */
const MOST_P99_RATIO = 5;
/** A p99 below this is the host's: garbage collection, or another process on the core. */
const LEAST_P99_MS = 20;
/** The number of lowest rates that count as unloaded. */
const CALM_STEPS = 3;

/**
 * The knee: the highest rate that is served in full, with a p99 at most five times that of the lowest rates; null when
 * no rate is.
 */
export function findKnee(steps: readonly Served[]): number | null {
  const calm = steps.slice(0, CALM_STEPS).map(({ p99Ms }) => p99Ms);
  const mostMs = Math.max(LEAST_P99_MS, median(calm) * MOST_P99_RATIO);
  const served = steps.filter(
    ({ ratePerS, answeredPerS, p99Ms }) => answeredPerS >= ratePerS * LEAST_SHARE && p99Ms <= mostMs,
  );
  return served.length > 0 ? Math.max(...served.map(({ ratePerS }) => ratePerS)) : null;
}

/** The growth of a figure in bytes per request, by the line of least squares through the samples. */
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
