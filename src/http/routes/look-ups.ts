import { Hono } from 'hono/tiny';
import * as z from 'zod';
import type { ReadDemands } from '../../cache/look-up.ts';
import { Account } from '../../directory/accounts/accounts.ts';
import { OriginRefused } from '../../cache/errors.ts';
import { LookUpError } from '../../directory/errors.ts';
import {
  EntityLookUps,
  findMany,
  type LookUpOutcome,
  requireAnswer,
} from '../../directory/batch/look-up-batch.ts';
import { UserProfile } from '../../directory/profiles/user-profile.ts';
import { User } from '../../directory/users/users.ts';
import { etagOfRow, NO_CACHE_ASKED } from '../response/answer.ts';
import type { AppEnv } from '../app-env.ts';
import { mergeTraces } from '../../cache/merge-traces.ts';
import { formatCacheStatus } from '../response/cache-status.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { asProblem, describeProblem, ItemProblem } from '../response/problem.ts';
import { limitMany } from '../auth/rate-limit.ts';

const cacheStatus = z
  .string()
  .optional()
  .meta({ description: 'What the caches did for this look-up, as in the header `Cache-Status`.' });

const Result = z
  .discriminatedUnion('status', [
    z.object({
      status: z.literal(200),
      value: z.union([Account, User, UserProfile]),
      etag: z.string().meta({ description: 'As of the route for this one, for `If-Match`.' }),
      cacheStatus,
    }),
    z.object({
      status: z.literal([404, 500, 503]),
      problem: ItemProblem,
      cacheStatus,
    }),
  ])
  .meta({ id: 'LookUpResult' });
type Result = z.infer<typeof Result>;

const postLookUps = endpoint({
  operationId: 'lookUpMany',
  tag: 'Look-ups',
  summary: 'Many look-ups in one request',
  description:
    'Up to 100 accounts, users and user profiles, each answered as by the route for it alone; `results` are in order, each with a status of its own. It is a read: it changes nothing and may be repeated. All look-ups together ask Redis once and Postgres once, and who is bound to an account twice each. `Cache-Control` and `Consistency-Token` are demanded of every look-up. The header `Cache-Status` names the farthest that any of them had to go. 503 for the whole when no store could answer any of them. Every ten look-ups count as a request.',
  scope: 'directory:read',
  // Each look-up is about something of its own, and asked for its visibility like one.
  subject: () => null,
  json: z.strictObject({ lookUps: EntityLookUps }).meta({ id: 'LookUps' }),
  body: z.object({ results: z.array(Result) }).meta({ id: 'LookUpResults' }),
  demands: true,
  tiered: true,
});

export const lookUps = new Hono<AppEnv>().post('/v1/lookup', postLookUps, async (c) => {
  const { deps, caller, read } = c.var;
  const { lookUps: asked } = c.req.valid('json');
  await limitMany(c, caller, asked.length);
  const outcomes = await findMany(deps, caller, asked, read);
  c.set('read', { ...read, trace: mergeTraces(outcomes.map(({ trace }) => trace)) });
  requireAnswer(outcomes);
  c.header('Cache-Control', 'private, no-cache');
  c.header('Cache-Status', NO_CACHE_ASKED);
  return c.json({ results: outcomes.map((outcome) => toResult(outcome, read)) }, 200);
});

function toResult(outcome: LookUpOutcome, read: ReadDemands): Result {
  const { trace } = outcome;
  const status = trace.memory && { cacheStatus: formatCacheStatus(trace, read) };
  if ('value' in outcome) {
    return { status: 200, value: outcome.value, etag: etagOfRow(outcome.value), ...status };
  }
  const { error } = outcome;
  const { code, message } = asProblem(error);
  const problem = describeProblem(code, message);
  return { status: statusOf(error), problem, ...status };
}

function statusOf(error: Error): 404 | 500 | 503 {
  if (error instanceof LookUpError) return 404;
  return error instanceof OriginRefused ? 500 : 503;
}
