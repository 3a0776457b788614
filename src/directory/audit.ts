import * as z from 'zod';
import type { ReadDemands } from '../cache/look-up.ts';
import {
  AUDITED_ACTIONS,
  AUDITED_ENTITIES,
  type AuditEntryRow,
  type AuditPage,
  namedChanges,
  selectAuditRows,
} from '../db/reads/audit.ts';
import type { Deps } from './deps.ts';
import { type Listed, readPage } from './paged-read.ts';

export const AuditedEntity = z.enum(AUDITED_ENTITIES, `must be one of ${AUDITED_ENTITIES.join(', ')}`);

export const AuditedAction = z.enum(AUDITED_ACTIONS, `must be one of ${AUDITED_ACTIONS.join(', ')}`);

// A recursive schema, as of `z.json()`, breaks the types that openapi-typescript makes.
const value = z
  .custom<z.core.util.JSONType>()
  .meta({ description: 'Any JSON value; null where there is none.' });

/** One row that was changed, by whom and how. */
export const AuditEntry = z
  .object({
    id: z.int().positive(),
    at: z.iso.datetime().meta({ description: 'When its transaction began, to the microsecond.' }),
    actor: z.string().meta({ description: 'Who changed it, such as `key:12`, `rpc:worker` or `root`.' }),
    requestId: z.string().meta({ description: '`X-Request-Id` of the answer to the change.' }),
    action: AuditedAction,
    entity: AuditedEntity,
    entityId: z.int().positive().nullable().meta({ description: 'Null when all rows were truncated.' }),
    changes: z
      .record(z.string(), z.object({ before: value, after: value }))
      .meta({ description: 'By field, what it was and what it became.' }),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof AuditEntry>;

/** Lists the changes that were made through the service, newest first, a page at a time. */
export function listAuditEntries(
  deps: Deps,
  page: AuditPage,
  read: ReadDemands,
): Promise<Listed<AuditEntry>> {
  return readPage(deps, read, page, {
    select: (slice) => selectAuditRows(deps.db, slice),
    toItem: toEntry,
    positionOf: ({ exactInstant, id }) => ({ key: exactInstant, id }),
  });
}

const Stored = AuditEntry.pick({ action: true, entity: true });

/** The entry as callers see it. */
export function toEntry(row: AuditEntryRow): AuditEntry {
  const { id, instant, actor, requestId, entityId } = row;
  return { id, at: instant, actor, requestId, ...Stored.parse(row), entityId, changes: toChanges(row) };
}

function toChanges(row: AuditEntryRow): AuditEntry['changes'] {
  return Object.fromEntries(
    namedChanges(row).map(([name, before, after]) => [
      name,
      { before, after } as AuditEntry['changes'][string],
    ]),
  );
}
