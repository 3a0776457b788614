import * as z from 'zod';
import {
  ABSENT,
  countersOfKind,
  ERRORS,
  LATENCY,
  LATENCY_BOUNDS_MS,
  REFUSED,
  TIER,
} from '../cache/counts/counters.ts';
import type { CountedMinute } from '../cache/shared/counted-minutes.ts';
import { askShared } from '../cache/shared/guarded-store.ts';
import { COUNTED } from './counted.ts';
import type { Deps } from './deps.ts';

const count = z.int().min(0);

const ReadCounts = z
  .object({ isolate: count, joined: count, redis: count, postgres: count })
  .meta({ id: 'ReadCounts', description: 'Reads by the tier that answered' });
type ReadCounts = z.infer<typeof ReadCounts>;

/** What the isolates of a deployment, or of several with one database, have counted. */
export const Stats = z
  .object({
    now: z.iso.datetime().meta({ description: 'The time of Redis.' }),
    latencyBoundsMs: z.array(z.int()).meta({
      description: 'Upper bounds of the buckets of `latency`, which has one more.',
    }),
    minutes: z.array(
      z
        .object({
          at: z.iso.datetime(),
          requests: count.meta({ description: 'Requests below `/v1/`, and RPC calls.' }),
          reads: ReadCounts,
          absent: count.meta({ description: 'Reads of what is not there.' }),
          errors: count.meta({ description: 'Status 500 or above.' }),
          refused: count.meta({ description: 'Status 401, 403 or 429.' }),
          latency: z.array(count).meta({ description: 'Requests by how long they took.' }),
        })
        .meta({ id: 'MinuteOfStats' }),
    ),
    lookUps: z.record(z.string(), ReadCounts).meta({
      description: 'The reads of all these minutes, by kind of look-up.',
    }),
  })
  .meta({ id: 'Stats' });
export type Stats = z.infer<typeof Stats>;

/** The counters of so many minutes up to the present one; null when Redis, which keeps them, does not answer. */
export async function readStats({ cache }: Deps, minutes: number): Promise<Stats | null> {
  const { reply } = await askShared(cache, 'stats', (shared) => shared.readCounts(minutes));
  if (!reply) return null;
  const lookUps = COUNTED.map((name, kind) => [name, readsOf(reply.minutes, [kind])] as const);
  return {
    now: toIso(reply.nowMs),
    latencyBoundsMs: [...LATENCY_BOUNDS_MS],
    minutes: reply.minutes.map(toMinute),
    lookUps: Object.fromEntries(lookUps.filter(([, reads]) => Object.values(reads).some(Boolean))),
  };
}

const everyKind = COUNTED.map((_, kind) => kind);

function toMinute({ atMs, counts }: CountedMinute): Stats['minutes'][number] {
  const latency = [...LATENCY_BOUNDS_MS, Infinity].map((_, bucket) => counts.get(LATENCY + bucket) ?? 0);
  return {
    at: toIso(atMs),
    requests: latency.reduce((sum, one) => sum + one),
    reads: readsOf([{ counts }], everyKind),
    absent: counts.get(ABSENT) ?? 0,
    errors: counts.get(ERRORS) ?? 0,
    refused: counts.get(REFUSED) ?? 0,
    latency,
  };
}

function readsOf(minutes: readonly Pick<CountedMinute, 'counts'>[], kinds: readonly number[]): ReadCounts {
  const sum = (tier: number): number => {
    let reads = 0;
    for (const { counts } of minutes)
      for (const kind of kinds) reads += counts.get(countersOfKind(kind) + tier) ?? 0;
    return reads;
  };
  const { isolate, joined, redis, postgres } = TIER;
  return { isolate: sum(isolate), joined: sum(joined), redis: sum(redis), postgres: sum(postgres) };
}

function toIso(ms: number): string {
  return new Date(ms).toISOString();
}
