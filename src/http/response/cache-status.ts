import type { ReadDemands, Trace } from '../../cache/look-up.ts';

const MS_PER_S = 1_000;

/**
 * `Cache-Status` (RFC 9211): one member for each cache that was asked, in the names callers know: `redis` is the shared store,
 * `isolate` is memory. Memory comes last because it is nearest to the caller.
 */
export function formatCacheStatus(trace: Trace, demands: ReadDemands): string {
  const { memory, shared } = trace;
  const members = [];
  if (shared) {
    const forwarded = demands.reload ? 'request' : shared.detail === 'breaker-open' ? 'bypass' : 'miss';
    members.push(member('redis', shared, forwarded));
  }
  if (memory) members.push(member('isolate', memory, trace.refused ? 'request' : 'miss'));
  return members.join(', ');
}

/** `Server-Timing`, in ms per tier asked. The tiers beyond an origin Worker are timed there. */
export function formatServerTiming({ memory, placed, shared, origin }: Trace): string {
  const tiers = [];
  if (memory) tiers.push(`isolate;dur=${memory.ms}`);
  if (placed) tiers.push(`origin-worker;dur=${placed.ms}${placed.detail ? `;desc=${placed.detail}` : ''}`);
  if (shared) tiers.push(`redis;dur=${shared.ms}`);
  if (origin) tiers.push(`postgres;dur=${origin.ms}`);
  return tiers.join(', ');
}

/**
 * Merges the traces of many look-ups into one. A tier is a hit when every look-up that asked it found a hit. The shortest
 * lifetime and the longest time count.
 */
export function mergeTraces(traces: readonly Trace[]): Trace {
  const memory = mergeTiers(traces.flatMap((trace) => trace.memory ?? []));
  const shared = mergeTiers(traces.flatMap((trace) => trace.shared ?? []));
  const placed = mergeCalls(traces.flatMap((trace) => trace.placed ?? []));
  const originMs = traces.flatMap(({ origin }) => origin?.ms ?? []);
  return {
    ...(memory && { memory }),
    ...(shared && { shared }),
    ...(placed && { placed }),
    ...(originMs.length > 0 && { origin: { ms: Math.max(...originMs) } }),
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

function mergeCalls(calls: readonly NonNullable<Trace['placed']>[]): Trace['placed'] {
  if (calls.length === 0) return undefined;
  return { ...calls.find(({ detail }) => detail), ms: Math.max(...calls.map(({ ms }) => ms)) };
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
