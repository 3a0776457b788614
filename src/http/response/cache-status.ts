import type { ReadDemands, Trace } from '../../cache/cache.ts';

const MS_PER_S = 1_000;

/** `Cache-Status` (RFC 9211): one member per cache asked, the isolate's memory last since it is nearest to the caller. */
export function formatCacheStatus(trace: Trace, demands: ReadDemands): string {
  const { isolate, redis } = trace;
  const members = [];
  if (redis) {
    const forwarded = demands.reload ? 'request' : redis.detail === 'breaker-open' ? 'bypass' : 'miss';
    members.push(member('redis', redis, forwarded));
  }
  if (isolate) members.push(member('isolate', isolate, trace.refused ? 'request' : 'miss'));
  return members.join(', ');
}

/** `Server-Timing`, in ms per tier asked. */
export function formatServerTiming({ isolate, redis, postgres }: Trace): string {
  const tiers = [];
  if (isolate) tiers.push(`isolate;dur=${isolate.ms}`);
  if (redis) tiers.push(`redis;dur=${redis.ms}`);
  if (postgres) tiers.push(`postgres;dur=${postgres.ms}`);
  return tiers.join(', ');
}

/**
 * What the tiers did for many look-ups, told as one: the tier was a hit that was one for all who asked it, its answer as good as
 * the worst and its time that of the slowest.
 */
export function mergeTraces(traces: readonly Trace[]): Trace {
  const isolate = mergeTiers(traces.flatMap((trace) => trace.isolate ?? []));
  const redis = mergeTiers(traces.flatMap((trace) => trace.redis ?? []));
  const postgresMs = traces.flatMap(({ postgres }) => postgres?.ms ?? []);
  return {
    ...(isolate && { isolate }),
    ...(redis && { redis }),
    ...(postgresMs.length > 0 && { postgres: { ms: Math.max(...postgresMs) } }),
    refused: traces.some(({ refused }) => refused),
  };
}

function mergeTiers<T extends Tier & { readonly ms: number }>(tiers: readonly T[]): T | undefined {
  const [first] = tiers;
  if (!first) return undefined;
  const ttlsMs = tiers.flatMap(({ ttlMs }) => ttlMs ?? []);
  return {
    ...first,
    ...tiers.find(({ detail }) => detail),
    hit: tiers.every(({ hit }) => hit),
    stored: tiers.some(({ stored }) => stored),
    ...(ttlsMs.length > 0 && { ttlMs: Math.min(...ttlsMs) }),
    ms: Math.max(...tiers.map(({ ms }) => ms)),
  };
}

interface Tier {
  readonly hit: boolean;
  readonly ttlMs?: number;
  readonly stored?: boolean;
  readonly collapsed?: boolean;
  readonly detail?: string;
}

function member(name: string, tier: Tier, forwarded: string): string {
  const parts = [name, tier.hit ? 'hit' : `fwd=${forwarded}`];
  if (tier.hit && tier.ttlMs !== undefined) parts.push(`ttl=${Math.floor(tier.ttlMs / MS_PER_S)}`);
  if (tier.stored) parts.push('stored');
  if (tier.collapsed) parts.push('collapsed');
  if (tier.detail) parts.push(`detail=${tier.detail}`);
  return parts.join('; ');
}
