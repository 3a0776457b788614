import type { Store } from './engines.ts';

/** A way in which stores can be out. */
export interface Outage {
  readonly stores: readonly Store[];
  readonly title: string;
  readonly fault: (store: Store) => object;
}

/** A delay past the deadline of each store in wrangler.toml. */
const LATE_MS: Readonly<Record<Store, number>> = { redis: 400, postgres: 6_000 };

const FAULTS: Readonly<Record<string, Outage['fault']>> = {
  'delay beyond the deadline': (store) => ({ kind: 'delay', ms: LATE_MS[store] }),
  hang: () => ({ kind: 'hang' }),
  refuse: () => ({ kind: 'refuse' }),
  'reset in mid-body': () => ({ kind: 'reset' }),
  'status 500': () => ({ kind: 'status', status: 500 }),
  'status 429': () => ({ kind: 'status', status: 429 }),
  'truncated JSON': () => ({ kind: 'truncated-json' }),
  'wrong JSON': () => ({ kind: 'wrong-json' }),
  'wrong base64': () => ({ kind: 'wrong-base64' }),
};

const OUT: readonly (readonly Store[])[] = [['redis'], ['postgres'], ['redis', 'postgres']];

/** Every fault of Redis, of Postgres and of both. */
export const outages: readonly Outage[] = OUT.flatMap((stores) =>
  Object.entries(FAULTS).map(([title, fault]) => ({ stores, title, fault })),
);

/** No store is out. */
export const healthy: Outage = { stores: [], title: 'healthy', fault: () => ({}) };

/** Postgres alone answers; Redis is out all the time. */
export const postgresOnly: Outage = {
  stores: ['redis'],
  title: 'Postgres only: Redis refuses from the start',
  fault: () => ({ kind: 'refuse' }),
};

/** The names of the stores that are out, for a reader. */
export function whatIsOut({ stores }: Outage): string {
  return stores.map((store) => ({ redis: 'Redis', postgres: 'Postgres' })[store]).join(' and ') || 'nothing';
}
