import { Hono } from 'hono/tiny';
import * as z from 'zod';
import {
  DeletedKind,
  filtersOf,
  getDeletion,
  listDeletions,
  nameOfDeletions,
  PastDeletion,
  PastDeletionContent,
} from '../../directory/deletions/deletions.ts';
import { Restoration, restoreDeletion } from '../../directory/deletions/restore.ts';
import { AccountNumber } from '../../directory/fields.ts';
import { sealCursor } from '../../cursor.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { listParameters, sought, timeParameters } from '../request/list-parameters.ts';
import { DeletionId, flag } from '../request/parameters.ts';
import { answerCounts } from '../response/answer-write.ts';
import { pageOf } from './list-bodies.ts';

const tag = 'Deletions';
const subject = () => ({ kind: 'deletions' }) as const;
const path = z.object({ deletionId: DeletionId });
const errors = ['deletion_does_not_exist'] as const;

const DeletionsQuery = z.object({
  ...listParameters,
  kind: DeletedKind.optional().meta({ param: { description: 'Kind of what was asked to be deleted.' } }),
  accountNumber: AccountNumber.optional().meta({
    param: { description: 'Number of an account that was deleted or lost a member.' },
  }),
  username: sought('Name of a user who was deleted or lost a membership.', 150),
  ...timeParameters,
});

const listDeletionsRoute = endpoint({
  operationId: 'listDeletions',
  tag,
  summary: 'Deletions that can be restored, newest first',
  description:
    'Kept for `DELETIONS_KEPT_DAYS`. A caller that is bound to an account sees those of its users and user profiles.',
  scope: 'audit:read',
  subject,
  query: DeletionsQuery,
  list: ({ query, accountNumber }) => nameOfDeletions(filtersOf(query), accountNumber),
  body: pageOf('PastDeletionList', PastDeletion),
});

const getDeletionRoute = endpoint({
  operationId: 'getDeletion',
  tag,
  summary: 'A deletion, what it holds, and what stands in the way of its return',
  scope: 'audit:read',
  subject,
  path,
  body: PastDeletionContent,
  errors,
});

const restoreDeletionRoute = endpoint({
  operationId: 'restoreDeletion',
  tag,
  summary: 'Bring back all of a deletion',
  description:
    'In one transaction, with the same ids and numbers; keys come back as revoked. Staff and superusers require `rights:write`. A repeat does nothing.',
  scope: 'directory:write',
  subject,
  path,
  query: z.object({ dryRun: flag('Say what would come back, and restore nothing.') }),
  body: Restoration,
  writes: true,
  errors: [
    'deletion_does_not_exist',
    'external_id_taken',
    'restore_is_blocked',
    'username_taken',
    'user_profile_exists',
  ],
});

export const deletions = new Hono<AppEnv>()
  .get('/v1/deletions', listDeletionsRoute, async (c) => {
    const { deps, caller } = c.var;
    const { limit, cursor, ...query } = c.req.valid('query');
    const filters = filtersOf(query);
    const page = { ...filters, limit, after: cursor ?? null };
    const { items, next } = await listDeletions(deps, caller, page, c.get('read'));
    const name = nameOfDeletions(filters, caller.accountNumber);
    const nextCursor = next && (await sealCursor(c.env, name, { ...next, limit: null }));
    c.header('Cache-Control', 'no-store');
    return c.json({ items: [...items], nextCursor }, 200);
  })
  .get('/v1/deletions/:deletionId', getDeletionRoute, async (c) => {
    const { deps, caller } = c.var;
    c.header('Cache-Control', 'no-store');
    return c.json(await getDeletion(deps, caller, c.req.valid('param').deletionId), 200);
  })
  .post('/v1/deletions/:deletionId/restore', restoreDeletionRoute, async (c) => {
    const { deletionId } = c.req.valid('param');
    const { dryRun } = c.req.valid('query');
    return answerCounts(c, await restoreDeletion(c.get('deps'), c.var, deletionId, dryRun));
  });
