import type { Trace } from './look-up.ts';

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
  readonly detail?: string;
}
