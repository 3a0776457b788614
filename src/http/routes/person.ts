import type { TypedResponse } from 'hono';
import { Hono } from 'hono/tiny';
import * as z from 'zod';
import { Erasure, eraseUser } from '../../directory/users/erasure.ts';
import { exportUser, PersonExport } from '../../directory/users/export.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { DryRunQuery, ForceQuery, UserId } from '../request/parameters.ts';
import { answerCounts } from '../response/answer-write.ts';

const tag = 'Users';
const subject = () => ({ kind: 'everything' }) as const;
const path = z.object({ userId: UserId });

const eraseUserRoute = endpoint({
  operationId: 'eraseUser',
  tag,
  summary: 'Erase a person',
  description:
    'Removes the person, deleted or not, from rows, audit log, deletions, change feed, remembered answers and Redis; an audit entry stays as proof. A repeat does no harm. Not for callers that are bound to an account.',
  scope: 'rights:write',
  alsoScope: 'directory:write',
  subject,
  path,
  query: DryRunQuery.extend(ForceQuery.shape),
  body: Erasure,
  writes: true,
  errors: ['user_does_not_exist', 'last_admin_is_protected', 'too_many_accounts'],
});

const exportUserRoute = endpoint({
  operationId: 'exportUser',
  tag,
  summary: 'Everything held of a person',
  description:
    'Also of a person who was deleted, until nothing is left. Caches hold nothing else. Not for callers that are bound to an account.',
  scope: 'audit:read',
  alsoScope: 'directory:read',
  subject,
  path,
  body: PersonExport,
  errors: ['user_does_not_exist'],
});

export const person = new Hono<AppEnv>()
  .post('/v1/users/:userId/erase', eraseUserRoute, async (c) => {
    const { userId } = c.req.valid('param');
    const { dryRun, force } = c.req.valid('query');
    return answerCounts(c, await eraseUser(c.get('deps'), { ...c.var, isForced: force }, userId, dryRun));
  })
  .get('/v1/users/:userId/export', exportUserRoute, async (c) => {
    c.header('Cache-Control', 'no-store');
    const held: object = await exportUser(c.get('deps'), c.req.valid('param').userId);
    // Hono's type of what JSON makes of it would be without end: audit entries hold any JSON.
    return c.json(held, 200) as Response & TypedResponse<PersonExport, 200, 'json'>;
  });
