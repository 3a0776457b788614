import type { Trace } from './look-up.ts';

/** The tiers that were asked, e.g. `isolate;miss redis;hit`, and the time that each store took, for the log. */
export function fieldsOfTrace({ memory, shared, origin }: Trace): Record<string, string | number> {
  const caches = Object.entries({ isolate: memory, redis: shared }).flatMap(([name, tier]) =>
    tier ? [`${name};${tier.hit ? 'hit' : 'miss'}`] : [],
  );
  return {
    tiers: [...caches, ...(origin ? ['postgres'] : [])].join(' '),
    ...(shared && { redisMs: shared.ms }),
    ...(origin && { postgresMs: origin.ms }),
  };
}
