import { Hono } from 'hono/tiny';
import * as z from 'zod';
import { readStats, Stats } from '../../directory/stats.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { asInteger } from '../request/parameters.ts';
import { ProblemError, RETRY_AFTER_S } from '../response/problem.ts';

/** Redis keeps a minute for so long. */
const MAX_MINUTES = 26 * 60;
const DEFAULT_MINUTES = 60;
const FAULT = `must be a whole number from 1 to ${MAX_MINUTES}`;

const getStatsRoute = endpoint({
  operationId: 'getStats',
  tag: 'Operations',
  summary: 'What all isolates have counted, minute by minute',
  description:
    'Minutes ascend; those without traffic are zeros. The last is the present one; counts arrive within some ten seconds. Callers that are bound to an account are refused.',
  scope: 'audit:read',
  subject: () => ({ kind: 'everything' }),
  query: z.strictObject({
    minutes: z
      .string()
      .regex(/^[1-9][0-9]{0,3}$/, { error: FAULT, abort: true })
      .transform(Number)
      .refine((minutes) => minutes <= MAX_MINUTES, FAULT)
      .default(DEFAULT_MINUTES)
      .meta({
        override: asInteger({ minimum: 1, maximum: MAX_MINUTES, default: DEFAULT_MINUTES }),
        param: { description: 'Number of minutes, with the present one.' },
      }),
  }),
  body: Stats,
});

export const stats = new Hono<AppEnv>().get('/v1/stats', getStatsRoute, async (c) => {
  const found = await readStats(c.get('deps'), c.req.valid('query').minutes);
  if (!found)
    throw new ProblemError('unavailable', 'Redis, which keeps the counters, did not answer; try again', {
      headers: { 'Retry-After': RETRY_AFTER_S },
    });
  c.header('Cache-Control', 'no-store');
  return c.json(found, 200);
});
