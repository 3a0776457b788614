import { Hono } from 'hono/tiny';
import * as z from 'zod';
import {
  Actor,
  AuditedAction,
  AuditedEntity,
  filtersOf,
  listAuditEntries,
  nameOfAudit,
  SoughtRequestId,
} from '../../directory/audit.ts';
import { answerList } from '../response/answer.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { AuditLog } from './list-bodies.ts';
import { listParameters, timeParameters, withRule } from '../request/list-parameters.ts';
import { AccountNumber, EntityId, Username } from '../request/parameters.ts';

const AnyAuditQuery = z.object({
  ...listParameters,
  actor: Actor.optional().meta({ param: { description: 'Writer, such as `key:12` or `sql:postgres`.' } }),
  requestId: SoughtRequestId.optional().meta({
    param: { description: '`X-Request-Id` of the answer to the change.' },
  }),
  entity: AuditedEntity.optional().meta({ param: { description: 'Kind of the changed row.' } }),
  entityId: EntityId.optional().meta({
    param: { id: 'entityId', description: 'Id of the changed row; requires `entity`.' },
  }),
  accountNumber: AccountNumber.optional().meta({
    param: { description: 'Of the account, its profiles, keys and members.' },
  }),
  username: Username.optional().meta({ param: { description: 'Of a user with this name, then or now.' } }),
  action: AuditedAction.optional().meta({ param: { description: 'What was done.' } }),
  ...timeParameters,
});

const AuditQuery = withRule(AnyAuditQuery, {
  concerns: ['entity', 'entityId'],
  holds: ({ entity, entityId }) => entityId === undefined || entity !== undefined,
  names: ['entityId'],
  detail: 'needs an entity',
});

const getAuditLogRoute = endpoint({
  operationId: 'listAuditEntries',
  tag: 'Audit',
  summary: 'Every change and its author, newest first',
  description:
    'An entry must match all filters. Entries are kept for `AUDIT_RETENTION_DAYS`. A bound caller sees the log of its account.',
  scope: 'audit:read',
  subject: () => ({ kind: 'audit' }),
  query: AuditQuery,
  list: ({ query, accountNumber }) => nameOfAudit(filtersOf(query), accountNumber),
  body: AuditLog,
  uncached: true,
});

export const audit = new Hono<AppEnv>().get('/v1/audit', getAuditLogRoute, async (c) => {
  const { limit, cursor: after = null, ...query } = c.req.valid('query');
  const { accountNumber: within } = c.get('caller');
  const filters = filtersOf(query);
  const page = { ...filters, within, limit, after };
  return answerList(
    c,
    nameOfAudit(filters, within),
    await listAuditEntries(c.get('deps'), page, c.get('read')),
  );
});
