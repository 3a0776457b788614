import * as z from 'zod';
import { decodeCursor, isCursorOf, NO_CURSOR, sealCursor } from '../cursor.ts';
import {
  Actor,
  AuditedAction,
  AuditedEntity,
  filtersOf,
  listAuditEntries,
  nameOfAudit,
  SoughtRequestId,
} from '../directory/audit.ts';
import { AccountNumber } from '../directory/fields.ts';
import { Instant } from '../directory/instant.ts';
import { Username } from '../directory/users/users.ts';
import type { AuditEntry } from '../shapes/audit-entry.ts';
import type { RpcPage } from '../shapes/rpc.ts';
import { paged, pageOptions } from './look-up-methods.ts';
import { BadArgument, method } from './method.ts';

const filters = z
  .strictObject({
    actor: Actor.optional(),
    requestId: SoughtRequestId.optional(),
    entity: AuditedEntity.optional(),
    entityId: z.int().positive().optional(),
    action: AuditedAction.optional(),
    accountNumber: AccountNumber.optional(),
    username: Username.optional(),
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
