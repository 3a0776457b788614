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
