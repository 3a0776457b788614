import { type Random, scatter } from './random.ts';

/** A data centre that serves the callers near it. */
export interface Place {
  readonly region: Region;
  /** The share of all accounts that are at home here. */
  readonly weight: number;
  /** The number of isolates that run the Worker here when all are in use. */
  readonly isolates: number;
  /** The round trip to the stores in ms, without the stores' own time. */
  readonly tripMs: number;
}

export interface Region {
  readonly name: string;
  /** The mean round trip to Virginia, where both stores are, in ms. */
  readonly tripMs: number;
  /** The share of all places that lie in this region. */
  readonly share: number;
}

/**
 * Round trips between regions of AWS, as published (docs/fleet.md has the source). The shares are a guess at where the
 * customers of a platform from the United States are.
 */
const REGIONS: readonly Region[] = [
  { name: 'Virginia', tripMs: 0, share: 0.25 },
  { name: 'Oregon', tripMs: 87, share: 0.15 },
  { name: 'Ireland', tripMs: 81, share: 0.15 },
  { name: 'Frankfurt', tripMs: 89, share: 0.15 },
  { name: 'São Paulo', tripMs: 120, share: 0.06 },
  { name: 'Tokyo', tripMs: 145, share: 0.1 },
  { name: 'Singapore', tripMs: 217, share: 0.08 },
  { name: 'Sydney', tripMs: 230, share: 0.06 },
];
/** The round trip from a place to its region in ms: the least and the most. */
const LOCAL_TRIP_MS = [2, 12] as const;
/** The size of a place is its rank to this negative power. The largest of 300 has a 32nd of all accounts. */
const PLACE_EXPONENT = 0.7;
/** The golden ratio's conjugate spreads consecutive numbers evenly over [0, 1). */
const EVEN_STEP = 0.618_033_988_749_895;

/**
 * Makes `count` places, and spreads the isolates over them in proportion to their accounts. Each place has at least
 * one.
 */
export function makePlaces(count: number, isolates: number): Place[] {
  const sizes = Array.from({ length: count }, (_, i) => (i + 1) ** -PLACE_EXPONENT);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const weights = sizes.map((size) => size / total);
  const spread = spreadIsolates(weights, isolates);
  return weights.map((weight, i) => {
    const position = (i * EVEN_STEP) % 1;
    const region = regionAt(position);
    const [least, most] = LOCAL_TRIP_MS;
    const tripMs = region.tripMs + least + (most - least) * ((i * EVEN_STEP * EVEN_STEP) % 1);
    return { region, weight, isolates: spread[i] ?? 1, tripMs };
  });
}

function regionAt(position: number): Region {
  let sum = 0;
  for (const region of REGIONS) if ((sum += region.share) > position) return region;
  return REGIONS[0] as Region;
}

// Largest remainder: the isolates that rounding down leaves over go to the places that lost the largest fractions.
function spreadIsolates(weights: readonly number[], isolates: number): number[] {
  const free = isolates - weights.length;
  if (free < 0) throw new Error('there are fewer isolates than places');
  const quotas = weights.map((weight) => weight * free);
  const spread = quotas.map((quota) => 1 + Math.floor(quota));
  const left = isolates - spread.reduce((sum, n) => sum + n, 0);
  const byRemainder = quotas
    .map((quota, i) => ({ i, remainder: quota - Math.floor(quota) }))
    .toSorted((a, b) => b.remainder - a.remainder);
  for (const { i } of byRemainder.slice(0, left)) spread[i] = (spread[i] ?? 0) + 1;
  return spread;
}

/** Picks places by their weights, in constant time (Walker and Vose's alias method). */
export interface PlacePicker {
  /** The place for a number in [0, 1). */
  at(position: number): number;
}

export function makePlacePicker(places: readonly Place[]): PlacePicker {
  const count = places.length;
  const odds = places.map(({ weight }) => weight * count);
  const alias = places.map((_, i) => i);
  const small = [...odds.keys()].filter((i) => (odds[i] ?? 0) < 1);
  const large = [...odds.keys()].filter((i) => (odds[i] ?? 0) >= 1);
  for (let low = small.pop(); low !== undefined && large.length > 0; low = small.pop()) {
    const high = large.at(-1) as number;
    alias[low] = high;
    odds[high] = (odds[high] ?? 0) + (odds[low] ?? 0) - 1;
    if ((odds[high] ?? 0) < 1) small.push(large.pop() as number);
  }
  return {
    at(position) {
      const scaled = position * count;
      const column = Math.floor(scaled);
      return scaled - column < (odds[column] ?? 1) ? column : (alias[column] ?? column);
    },
  };
}

/**
 * Picks the place of one read of an account: the account's home for `homeShare` of its reads, and any place for the
 * rest.
 */
export function makeOrigins(picker: PlacePicker, homeShare: number, seed: number) {
  return (account: number, random: Random): number =>
    picker.at(random.uniform() < homeShare ? scatter(account, seed) : random.uniform());
}
