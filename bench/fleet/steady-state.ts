import type { FleetConfig } from './config.ts';
import type { Random } from './random.ts';
import { zipfTotal } from './zipf.ts';

/** The fresh life of an entry in Redis: `SHARED_FRESH_MS`. */
export const FRESH_MS = 300_000;
export const STALE_MS = 3_600_000;

/**
 * The age in ms that an account's entry in Redis would have in a fleet that had always run; undefined for an account
 * without an entry. An entry lives until its fresh life or a write ends it, and the next read makes the next entry. The
 * formula ignores that memory keeps reads away from Redis: an account with so many reads is in Redis either way.
 */
export function makeEntryAges(config: FleetConfig, random: Random): (account: number) => number | undefined {
  const { accounts, zipfExponent, readsPerS, readsPerWrite } = config;
  const perMs = readsPerS / 1_000 / zipfTotal(accounts, zipfExponent);
  return (account) => {
    const readsPerMs = perMs * account ** -zipfExponent;
    const writesPerMs = readsPerMs / readsPerWrite;
    const dead = Math.exp(-writesPerMs * FRESH_MS);
    const meanLifeMs = writesPerMs === 0 ? FRESH_MS : (1 - dead) / writesPerMs;
    const share = meanLifeMs / (meanLifeMs + 1 / readsPerMs);
    if (random.uniform() >= share) return undefined;
    const drawn = random.uniform();
    return writesPerMs === 0 ? drawn * FRESH_MS : -Math.log(1 - drawn * (1 - dead)) / writesPerMs;
  };
}
