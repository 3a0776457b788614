import type { FleetConfig } from './config.ts';
import { makePlacePicker, makePlaces, type Place } from './places.ts';
import { scatter } from './random.ts';
import { zipfTotal } from './zipf.ts';

/** The last part of an entry's life, in which a hit refreshes it, and the hits that it must have had by then. */
const REFRESH_SHARE = 0.2;
const HOT_HITS = 3;

/** The hit ratio of memory without refreshing ahead: every miss begins a lifetime in which all reads hit. */
export function hitRatioWithoutRefresh(readsPerLifetime: number): number {
  return readsPerLifetime / (1 + readsPerLifetime);
}

/**
 * The share of the reads of one key in one isolate that memory answers, by the number of reads per memory lifetime, for
 * Poisson arrivals and stores that answer at once. The life of an entry ends in one of two ways. The third or a later
 * hit may fall into its last fifth: that hit refreshes the entry and costs no miss. Otherwise the first read after the
 * life ends it, and that read is a miss.
 */
export function hitRatio(readsPerLifetime: number): number {
  const early = readsPerLifetime * (1 - REFRESH_SHARE);
  const late = readsPerLifetime * REFRESH_SHARE;
  let hits = early;
  let refreshed = 0;
  let hotAlready = 1;
  for (let n = 0; n < HOT_HITS - 1; n++) {
    const share = poisson(early, n);
    hotAlready -= share;
    const needed = HOT_HITS - n;
    refreshed += share * atLeast(late, needed);
    hits += share * meanUpTo(late, needed);
  }
  refreshed += hotAlready * atLeast(late, 1);
  hits += hotAlready * meanUpTo(late, 1);
  const misses = 1 - refreshed;
  return hits / (hits + misses);
}

function poisson(mean: number, n: number): number {
  let share = Math.exp(-mean);
  for (let i = 1; i <= n; i++) share *= mean / i;
  return share;
}

function atLeast(mean: number, n: number): number {
  let below = 0;
  for (let i = 0; i < n; i++) below += poisson(mean, i);
  return 1 - below;
}

// The mean of a Poisson number that is cut off at n.
function meanUpTo(mean: number, n: number): number {
  let sum = 0;
  for (let i = 1; i <= n; i++) sum += atLeast(mean, i);
  return sum;
}

/** The lowest ranks are summed one by one, each at its own place; higher ones in steps of this factor. */
const SINGLE_RANKS = 1_000;
const RANK_STEP = 1.1;

/** The share of all reads of a fleet that memory answers: the mean of `hitRatio` over accounts, places and isolates. */
export function memoryShare(config: FleetConfig): number {
  const { accounts, zipfExponent, homeShare, memoryTtlMs, readsPerS, seed } = config;
  const places = makePlaces(config.places, config.isolates);
  const picker = makePlacePicker(places);
  const total = zipfTotal(accounts, zipfExponent);
  const readsPerLifetime = (readsPerS / 1_000) * memoryTtlMs;
  let share = 0;
  let from = 1;
  while (from <= accounts) {
    const to = Math.min(accounts, from <= SINGLE_RANKS ? from : Math.floor(from * RANK_STEP));
    const rank = Math.sqrt(from * to);
    const reads = readsPerLifetime * (rank ** -zipfExponent / total);
    const home = from === to ? picker.at(scatter(from, seed)) : undefined;
    const weight = massOf(from, to, zipfExponent) / total;
    share += weight * shareOfAccount(places, reads, homeShare, home);
    from = to + 1;
  }
  return share;
}

function massOf(from: number, to: number, exponent: number): number {
  return from === 1 ? zipfTotal(to, exponent) : zipfTotal(to, exponent) - zipfTotal(from - 1, exponent);
}

/**
 * The share of the reads of one account that memory answers. Without `home` the account's home is any place, in
 * proportion to the weights.
 */
function shareOfAccount(
  places: readonly Place[],
  reads: number,
  homeShare: number,
  home: number | undefined,
): number {
  const at = ({ weight, isolates }: Place, isHome: boolean): number => {
    const part = (1 - homeShare) * weight + (isHome ? homeShare : 0);
    return part * hitRatio((reads * part) / isolates);
  };
  const abroad = places.reduce((sum, place) => sum + at(place, false), 0);
  const gain = (place: Place): number => at(place, true) - at(place, false);
  const own = home === undefined ? undefined : places[home];
  if (own) return abroad + gain(own);
  return abroad + places.reduce((sum, place) => sum + place.weight * gain(place), 0);
}
