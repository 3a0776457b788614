import type { FleetConfig } from './config.ts';
import type { Random } from './random.ts';
import { zipfTotal } from './zipf.ts';

/** Fresh life in Redis: `SHARED_FRESH_MS`. */
export const FRESH_MS = 300_000;
export const STALE_MS = 3_600_000;

/**
 * How old, in ms, the entry of an account would be in Redis had the fleet run for ever; undefined where there would be none.
 * An entry lives until its fresh life is over or a write ends it, and the next read makes the next one. That memory keeps
 * reads from Redis is left out: an account that is asked for so often is in Redis either way.
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
