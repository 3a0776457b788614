import { Hono } from 'hono/tiny';
import * as z from 'zod';
import { AuditedAction, AuditedEntity, listAuditEntries } from '../../directory/audit.ts';
import { answerList } from '../response/answer.ts';
import type { AppEnv } from '../app-env.ts';
import { endpoint } from '../endpoint/endpoint.ts';
import { AuditLog } from './list-bodies.ts';
import { listParameters, sought, timeParameters, withRule } from '../request/list-parameters.ts';
import { AccountNumber, EntityId, Username } from '../request/parameters.ts';

type AuditPage = Parameters<typeof listAuditEntries>[1];

const AnyAuditQuery = z.object({
  ...listParameters,
  actor: sought('Caller that made the change, such as `key:12`.', 300),
  requestId: sought('`X-Request-Id` of the answer to the change.', 100),
  entity: AuditedEntity.optional().meta({ param: { description: 'Kind of the changed row.' } }),
  entityId: EntityId.optional().meta({
    param: { id: 'entityId', description: 'Id of the changed row; requires `entity`.' },
  }),
  accountNumber: AccountNumber.optional().meta({ param: { description: 'Of this account.' } }),
  username: Username.optional().meta({ param: { description: 'Of this user.' } }),
  action: AuditedAction.optional().meta({ param: { description: 'What was done.' } }),
  ...timeParameters,
});
type AnyAuditQuery = z.output<typeof AnyAuditQuery>;

const filters = [
  'actor',
  'requestId',
  'entity',
  'entityId',
  'accountNumber',
  'username',
  'action',
  'since',
  'until',
] as const;
/** Each of them says of what an entry is. */
const subjects = ['entity', 'accountNumber', 'username'] as const;

const OneSubjectQuery = withRule(AnyAuditQuery, {
  concerns: subjects,
  holds: (query) => subjects.filter((name) => query[name] !== undefined).length < 2,
  names: subjects,
  detail: `${subjects.join(', ')} exclude each other`,
});

const AuditQuery = withRule(OneSubjectQuery, {
  concerns: ['entity', 'entityId'],
  holds: ({ entity, entityId }) => entityId === undefined || entity !== undefined,
  names: ['entityId'],
  detail: 'needs an entity',
});

function nameOf(query: AnyAuditQuery): string {
  return JSON.stringify(['audit', ...filters.map((name) => query[name] ?? null)]);
}

function namedBy({ accountNumber, username }: AnyAuditQuery): AuditPage['named'] {
  if (accountNumber !== undefined) return { entity: 'account', name: accountNumber };
  return username === undefined ? null : { entity: 'user', name: username };
}

function toPage({ limit, cursor, ...query }: AnyAuditQuery): AuditPage {
  return {
    limit,
    after: cursor ?? null,
    actor: query.actor ?? null,
    requestId: query.requestId ?? null,
    entity: query.entity ?? null,
    entityId: query.entityId ?? null,
    action: query.action ?? null,
    named: namedBy({ limit, ...query }),
    since: query.since ?? null,
    until: query.until ?? null,
  };
}

const getAuditLogRoute = endpoint({
  operationId: 'listAuditEntries',
  tag: 'Audit',
  summary: 'Changes made through the service, newest first',
  description:
    'An entry must match all filters. `accountNumber` and `username`: of what is changed. Entries are kept for `AUDIT_RETENTION_DAYS`. Not for callers that are bound to an account.',
  scope: 'audit:read',
  subject: () => ({ kind: 'everything' }),
  query: AuditQuery,
  list: ({ query }) => nameOf(query),
  body: AuditLog,
  uncached: true,
});

export const audit = new Hono<AppEnv>().get('/v1/audit', getAuditLogRoute, async (c) => {
  const query = c.req.valid('query');
  return answerList(c, nameOf(query), await listAuditEntries(c.get('deps'), toPage(query), c.get('read')));
});
