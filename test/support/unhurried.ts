/** Vars with which, however busy the machine, no store that answers is taken for one that is out. */
export const UNHURRIED = {
  REDIS_DEADLINE_MS: '10000',
  POSTGRES_DEADLINE_MS: '25000',
  ORIGIN_DEADLINE_MS: '25000',
  LEASE_MS: '30000',
} as const;
