import { DeadlineExceeded, systemClock, withDeadline } from './cache/clock.ts';
import { type DescribedLoss, toLoss } from './cache/shared/description.ts';
import { forgotKeyOf } from './cache/shared/shared-store.ts';
import { selectOne } from './db/client/client.ts';
import { connectRedis } from './deps.ts';
import type { Isolate } from './isolate.ts';

/** The outcome of asking a store, and the time that it took, in ms. */
export interface StoreHealth {
  readonly state: 'ok' | 'failed' | 'timeout';
  readonly ms: number;
}

/** `forgot` is the last loss that Redis is known to have had; null when there was none, or Redis did not answer. */
export type RedisHealth = StoreHealth & { readonly forgot: DescribedLoss | null };

/** Asks both stores whether they answer, each within its deadline. */
export async function checkStores({
  settings,
  storeSettings,
  db,
}: Isolate): Promise<{ redis: RedisHealth; postgres: StoreHealth }> {
  const client = connectRedis(settings);
  // Both commands travel in one request.
  const [ping, loss] = [client.ping(), client.get(forgotKeyOf(storeSettings.databaseId)).catch(() => null)];
  const [redis, postgres] = await Promise.all([
    check(settings.REDIS_DEADLINE_MS, ping),
    check(settings.POSTGRES_DEADLINE_MS, selectOne(db)),
  ]);
  return { redis: { ...redis, forgot: redis.state === 'ok' ? toLoss(await loss) : null }, postgres };
}

async function check(deadlineMs: number, answer: Promise<unknown>): Promise<StoreHealth> {
  const startedMs = systemClock.now();
  const state = await withDeadline(systemClock, deadlineMs, answer).then(
    () => 'ok' as const,
    (error: unknown) => (error instanceof DeadlineExceeded ? ('timeout' as const) : ('failed' as const)),
  );
  return { state, ms: systemClock.now() - startedMs };
}
