import { DeadlineExceeded, systemClock, withDeadline } from './cache/clock.ts';
import { type DescribedLoss, toDrainedAtUs, toLoss } from './cache/shared/description.ts';
import { drainedKeyOf, forgotKeyOf } from './cache/shared/shared-store.ts';
import { selectOne } from './db/client/client.ts';
import { connectRedis } from './deps.ts';
import type { Isolate } from './isolate.ts';

/** The outcome of asking a store, and the time that it took, in ms. */
export interface StoreHealth {
  readonly state: 'ok' | 'failed' | 'timeout';
  readonly ms: number;
}

/** What Redis tells, null where it does not know or did not answer. */
export type RedisHealth = StoreHealth & {
  /** The last loss that it is known to have had. */
  readonly forgot: DescribedLoss | null;
  /** The beginning of the last drain of the outbox that succeeded, in µs since 1970. */
  readonly drainedAtUs: number | null;
};

/** Asks both stores whether they answer, each within its deadline. */
export async function checkStores({
  settings,
  storeSettings,
  db,
}: Isolate): Promise<{ redis: RedisHealth; postgres: StoreHealth }> {
  const client = connectRedis(settings);
  // All commands travel in one request.
  const ping = client.ping();
  const notes = [forgotKeyOf, drainedKeyOf].map((keyOf) =>
    client.get(keyOf(storeSettings.databaseId)).catch(() => null),
  );
  const [redis, postgres] = await Promise.all([
    check(settings.REDIS_DEADLINE_MS, ping),
    check(settings.POSTGRES_DEADLINE_MS, selectOne(db)),
  ]);
  const [loss, drained] = redis.state === 'ok' ? await Promise.all(notes) : [];
  return { redis: { ...redis, forgot: toLoss(loss), drainedAtUs: toDrainedAtUs(drained) }, postgres };
}

async function check(deadlineMs: number, answer: Promise<unknown>): Promise<StoreHealth> {
  const startedMs = systemClock.now();
  const state = await withDeadline(systemClock, deadlineMs, answer).then(
    () => 'ok' as const,
    (error: unknown) => (error instanceof DeadlineExceeded ? ('timeout' as const) : ('failed' as const)),
  );
  return { state, ms: systemClock.now() - startedMs };
}
