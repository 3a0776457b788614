import { inject } from 'vitest';
import './provided.ts';

/** A number for `npm test`, and the one for `npm run test:torture`. */
export function scaled<T>(fast: T, full: T): T {
  return inject('isTorture') ? full : fast;
}

/** The seed of everything random in this run; printed at its start, given by `SEED` to replay. */
export const seed: number = inject('seed');
