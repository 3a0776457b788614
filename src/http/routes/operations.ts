import { Hono } from 'hono';
import * as z from 'zod';
import { makeProbes } from '../../deps.ts';
import type { Probe } from '../../store-checks.ts';
import type { AppEnv } from '../app-env.ts';
import { RedisLoss, toRedisLoss } from '../response/redis-loss.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { RETRY_AFTER_S } from '../response/problem.ts';

const tag = 'Operations';
const state = z
  .object({ state: z.enum(['ok', 'failed', 'timeout']), ms: z.number() })
  .meta({ id: 'StoreState' });
const redisState = state.extend({ forgot: RedisLoss.nullable() }).meta({ id: 'RedisState' });

const getHealth = endpoint({
  tag,
  summary: 'Whether the process answers',
  body: z.object({ status: z.literal('ok') }).meta({ id: 'Health' }),
  scope: 'open',
});

const getReadiness = endpoint({
  tag,
  summary: 'Whether reads can be served',
  description:
    'Asks Redis and Postgres, each within its deadline; 503 with the same body when neither answers, so that no read could be served. Says too what Redis was found to have lost within the last two hours.',
  body: z
    .object({ status: z.enum(['ready', 'degraded', 'unavailable']), redis: redisState, postgres: state })
    .meta({ id: 'Readiness' }),
  unready: true,
  scope: 'open',
});

export const operations = new Hono<AppEnv>()
  .get('/healthz', getHealth, (c) => c.json({ status: 'ok' as const }))
  .get('/readyz', getReadiness, async (c) => {
    const probes = makeProbes(c.env);
    const [probed, postgres] = await Promise.all([probes.redis(), probes.postgres()]);
    c.header('Cache-Control', 'no-store');
    const redis = { ...probed, forgot: toRedisLoss(probed.forgot) };
    const status = statusOf(redis, postgres);
    if (status !== 'unavailable') return c.json({ status, redis, postgres }, 200);
    c.header('Retry-After', RETRY_AFTER_S);
    return c.json({ status, redis, postgres }, 503);
  });

function statusOf(...stores: readonly Probe[]): 'ready' | 'degraded' | 'unavailable' {
  if (stores.every(({ state: s }) => s === 'ok')) return 'ready';
  return stores.some(({ state: s }) => s === 'ok') ? 'degraded' : 'unavailable';
}
