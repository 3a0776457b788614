import { Hono } from 'hono/tiny';
import * as z from 'zod';
import { checkStores, type StoreHealth } from '../../health.ts';
import { type AppEnv, requireIsolate } from '../app-env.ts';
import { RedisLoss, toRedisLoss, toTimestamp } from '../response/redis-loss.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { RETRY_AFTER_S } from '../response/problem.ts';

const tag = 'Operations';
const state = z
  .object({ state: z.enum(['ok', 'failed', 'timeout']), ms: z.number() })
  .meta({ id: 'StoreState' });
const redisState = state
  .extend({ forgot: RedisLoss.nullable(), drainedAt: z.iso.datetime().nullable() })
  .meta({ id: 'RedisState' });

const getHealthRoute = endpoint({
  operationId: 'getHealth',
  tag,
  summary: 'Check that the process answers',
  description: 'Asks neither Redis nor Postgres.',
  body: z.object({ status: z.literal('ok') }).meta({ id: 'Health' }),
  scope: 'open',
});

const getReadinessRoute = endpoint({
  operationId: 'getReadiness',
  tag,
  summary: 'Check that reads can be served',
  description:
    'Asks Redis and Postgres, each within its deadline. 503 with the same body when neither answers: no read could be served. `forgot`: what Redis lost within two hours. `drainedAt`: when the last successful drain of the outbox began; null if Redis does not know.',
  body: z
    .object({ status: z.enum(['ready', 'degraded', 'unavailable']), redis: redisState, postgres: state })
    .meta({ id: 'Readiness' }),
  unready: true,
  scope: 'open',
});

export const operations = new Hono<AppEnv>()
  .get('/healthz', getHealthRoute, (c) => c.json({ status: 'ok' as const }))
  .get('/readyz', getReadinessRoute, async (c) => {
    const { redis: checked, postgres } = await checkStores(requireIsolate(c));
    c.header('Cache-Control', 'no-store');
    const { drainedAtUs, forgot, ...health } = checked;
    const drainedAt = drainedAtUs === null ? null : toTimestamp(drainedAtUs);
    const redis = { ...health, forgot: toRedisLoss(forgot), drainedAt };
    const status = statusOf(redis, postgres);
    if (status !== 'unavailable') return c.json({ status, redis, postgres }, 200);
    c.header('Retry-After', RETRY_AFTER_S);
    return c.json({ status, redis, postgres }, 503);
  });

function statusOf(...stores: readonly StoreHealth[]): 'ready' | 'degraded' | 'unavailable' {
  if (stores.every(({ state: s }) => s === 'ok')) return 'ready';
  return stores.some(({ state: s }) => s === 'ok') ? 'degraded' : 'unavailable';
}
