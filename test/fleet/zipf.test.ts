import { expect, test } from 'vitest';
import { makeRandom } from '../../bench/fleet/random.ts';
import { makeZipf, zipfTotal } from '../../bench/fleet/zipf.ts';
import { seed } from '../support/scale.ts';

const DRAWS = 200_000;
/** A correct count lies beyond so many deviations in one run of ten million. */
const DEVIATIONS = 5.5;

function expectShare(count: number, probability: number, what: string): void {
  const deviation = Math.sqrt(DRAWS * probability * (1 - probability));
  expect(Math.abs(count - DRAWS * probability), what).toBeLessThan(DEVIATIONS * deviation + 1);
}

test.each([
  [10, 0.9],
  [1_000, 0.7],
  [1_000, 1],
  [10_000_000, 0.9],
  [10_000_000, 1.1],
])('ranks of %i accounts, exponent %f, come as often as their exact probability', (accounts, exponent) => {
  const zipf = makeZipf(accounts, exponent);
  const random = makeRandom(seed, accounts);
  const total = zipfTotal(accounts, exponent);
  const inner = [1, 2, 3, 4, 6, 10, 100, 10_000, 1_000_000].filter((edge) => edge < accounts);
  const edges = [...inner, accounts];
  const counts = new Map<number, number>();
  for (let i = 0; i < DRAWS; i++) {
    const rank = zipf.draw(random);
    if (!Number.isInteger(rank) || rank < 1 || rank > accounts) throw new Error(`rank ${rank}`);
    const edge = edges.find((upTo) => rank <= upTo) ?? accounts;
    counts.set(edge, (counts.get(edge) ?? 0) + 1);
  }
  let below = 0;
  for (const edge of edges) {
    const upTo = zipfTotal(edge, exponent) / total;
    expectShare(counts.get(edge) ?? 0, upTo - below, `SEED=${seed}, ranks up to ${edge}`);
    below = upTo;
  }
});

test('the total of a long series is that of its sum', () => {
  for (const exponent of [0.7, 1, 1.3]) {
    let sum = 0;
    for (let rank = 1; rank <= 300_000; rank++) sum += rank ** -exponent;
    expect(zipfTotal(300_000, exponent) / sum).toBeCloseTo(1, 6);
  }
});
