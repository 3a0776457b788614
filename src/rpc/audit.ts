import * as z from 'zod';
import { decodeCursor, isCursorOf, NO_CURSOR, sealCursor } from '../cursor.ts';
import {
  AuditedAction,
  AuditedEntity,
  filtersOf,
  listAuditEntries,
  nameOfAudit,
} from '../directory/audit.ts';
import { AccountNumber, bounded } from '../directory/fields.ts';
import { Instant } from '../directory/instant.ts';
import type { AuditEntry } from '../shapes/audit-entry.ts';
import type { RpcPage } from '../shapes/rpc.ts';
import { RequestId } from './call.ts';
import { paged, pageOptions } from './look-up-methods.ts';
import { BadArgument, method } from './method.ts';

const MAX_ACTOR = 300;
const MAX_USERNAME = 150;

const filters = z
  .strictObject({
    actor: bounded(MAX_ACTOR).optional(),
    requestId: RequestId.optional(),
    entity: AuditedEntity.optional(),
    entityId: z.int().positive().optional(),
    action: AuditedAction.optional(),
    accountNumber: AccountNumber.optional(),
    username: bounded(MAX_USERNAME).optional(),
    since: Instant.optional(),
    until: Instant.optional(),
  })
  .refine(({ entity, entityId }) => entityId === undefined || entity !== undefined, {
    path: ['entityId'],
    error: 'needs an entity',
  })
  .prefault({});

export const auditEntries = paged(
  method({
    args: z.object({ filters, options: pageOptions }),
    scope: 'audit:read',
    subject: () => ({ kind: 'audit' }),
    async run(deps, args, read, { caller }, env): Promise<RpcPage<AuditEntry>> {
      const { limit, cursor: text } = args.options;
      const { accountNumber: within } = caller;
      const given = filtersOf(args.filters);
      const name = nameOfAudit(given, within);
      const after = text === undefined || text === null ? null : decodeCursor(text);
      const isOwn = after ? await isCursorOf(env, name, after) : !text;
      if (!isOwn) throw new BadArgument(`options.cursor: ${NO_CURSOR}`);
      const { items, next } = await listAuditEntries(deps, { ...given, within, limit, after }, read);
      return { items, nextCursor: next && (await sealCursor(env, name, { ...next, limit: null })) };
    },
  }),
);
