import * as z from 'zod';
import type { DescribedLoss } from '../../cache/shared/description.ts';
import { US_PER_MS } from '../../cache/logical-time.ts';

/** The last loss that was found in Redis. */
export const RedisLoss = z.object({ what: z.enum(['tags', 'time']), at: z.iso.datetime() }).meta({
  id: 'RedisLoss',
  description:
    'What Redis was found to have lost, by an eviction, a restore or a failover, within the last two hours: invalidations (`tags`) or its clock (`time`). Since then nothing from before is valid; until then answers may have been old.',
});
export type RedisLoss = z.infer<typeof RedisLoss>;

export function toRedisLoss(loss: DescribedLoss | null | undefined): RedisLoss | null {
  return loss ? { what: loss.what, at: toTimestamp(loss.atUs) } : null;
}

/** A time of Redis' own clock in µs, as the API states times. */
export function toTimestamp(us: number): string {
  return new Date(us / US_PER_MS).toISOString();
}
