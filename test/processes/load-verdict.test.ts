import { describe, expect, test } from 'vitest';
import { findKnee, growthPerRequest, type Served } from '../../bench/load/verdict.ts';

/** Steps of 100, 200, 400 … requests/s, each with its answers per second and its p99 in ms. */
function steps(...all: readonly (readonly [answeredPerS: number, p99Ms: number])[]): Served[] {
  return all.map(([answeredPerS, p99Ms], at) => ({ ratePerS: 100 * 2 ** at, answeredPerS, p99Ms }));
}

describe('the knee', () => {
  test('is the last rate that is answered in full', () => {
    expect(findKnee(steps([100, 8], [200, 8], [400, 9], [700, 9], [700, 9]))).toBe(400);
  });

  test('is the last rate before the p99 departs, though all are answered', () => {
    expect(findKnee(steps([100, 10], [200, 10], [400, 10], [800, 49], [1_600, 51]))).toBe(800);
  });

  test('takes no p99 below that of the host for a departure', () => {
    expect(findKnee(steps([100, 1], [200, 1], [400, 1], [800, 19]))).toBe(800);
  });

  test('is not moved by a lower rate that was served badly by chance', () => {
    expect(findKnee(steps([100, 10], [200, 10], [400, 900], [800, 10]))).toBe(800);
  });

  test('is nowhere when no rate is answered', () => {
    expect(findKnee(steps([10, 10], [10, 10]))).toBeNull();
  });
});

describe('growth', () => {
  const sample = (answered: number, heapBytes: number) => ({ answered, heapBytes, residentBytes: 7 });

  test('is the bytes that each request leaves, whatever comes and goes around them', () => {
    const samples = [0, 1_000, 2_000, 3_000].map((answered, at) =>
      sample(answered, 5_000_000 + 24 * answered + (at % 3 === 0 ? 100 : -100)),
    );
    expect(growthPerRequest(samples, 'heapBytes')).toBeCloseTo(24);
    expect(growthPerRequest(samples, 'residentBytes')).toBe(0);
  });

  test('is none where nothing was answered', () => {
    expect(growthPerRequest([sample(5, 1), sample(5, 9)], 'heapBytes')).toBe(0);
  });
});
