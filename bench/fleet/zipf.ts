import type { Random } from './random.ts';

/** Draws ranks from 1 to `count`. The probability of rank `k` is proportional to `k ** -exponent`. */
export interface Zipf {
  draw(random: Random): number;
}

/** Below this the quotients of the two series lose more digits than their first terms. */
const SERIES_BELOW = 1e-8;

/**
 * Rejection-inversion of Hörmann and Derflinger (1996): constant time, no table, so that ten million ranks cost nothing.
 * The names are those of the paper: H is the integral of the hat h.
 */
export function makeZipf(count: number, exponent: number): Zipf {
  const h = (x: number): number => Math.exp(-exponent * Math.log(x));
  const integral = (x: number): number => {
    const log = Math.log(x);
    return expm1Over((1 - exponent) * log) * log;
  };
  const inverse = (x: number): number => {
    const t = Math.max(-1, x * (1 - exponent));
    return Math.exp(log1pOver(t) * x);
  };
  const first = integral(1.5) - 1;
  const last = integral(count + 0.5);
  const squeeze = 2 - inverse(integral(2.5) - h(2));

  return {
    draw(random) {
      for (;;) {
        const u = last + random.uniform() * (first - last);
        const x = inverse(u);
        const rank = Math.min(count, Math.max(1, Math.round(x)));
        if (rank - x <= squeeze || u >= integral(rank + 0.5) - h(rank)) return rank;
      }
    },
  };
}

function log1pOver(x: number): number {
  return Math.abs(x) > SERIES_BELOW ? Math.log1p(x) / x : 1 - x / 2;
}

function expm1Over(x: number): number {
  return Math.abs(x) > SERIES_BELOW ? Math.expm1(x) / x : 1 + x / 2;
}

/** These ranks are summed one by one. The rest is the integral, whose error is below one part in a million. */
const SUMMED_RANKS = 10_000;

/** The sum of `k ** -exponent` over ranks 1 to `count`. A rank's weight divided by it is the rank's probability. */
export function zipfTotal(count: number, exponent: number): number {
  const summed = Math.min(count, SUMMED_RANKS);
  let total = 0;
  for (let rank = 1; rank <= summed; rank++) total += rank ** -exponent;
  if (count === summed) return total;
  const power = 1 - exponent;
  const [from, to] = [summed + 0.5, count + 0.5];
  return total + (power === 0 ? Math.log(to / from) : (to ** power - from ** power) / power);
}
