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
import { soughtText } from './fields.ts';
import { type Listed, readPage } from './paged-read.ts';

export const AuditedEntity = z.enum(AUDITED_ENTITIES, `must be one of ${AUDITED_ENTITIES.join(', ')}`);

export const AuditedAction = z.enum(AUDITED_ACTIONS, `must be one of ${AUDITED_ACTIONS.join(', ')}`);

/** The name of a writer; the longest is the role of a database, or the subject of a person. */
export const Actor = soughtText(300);

/** The id of a request, which SQL may give any form. */
export const SoughtRequestId = soughtText(100);

// A recursive schema, as of `z.json()`, breaks the types that openapi-typescript makes.
const value = z
  .custom<z.core.util.JSONType>()
  .meta({ description: 'Any JSON value; null where there is none.' });

const nameThen = (whose: string) =>
  z
    .string()
    .nullable()
    .meta({ description: `${whose}, as it was before the change.` });

/** One row that was changed, by whom and how. */
export const AuditEntry = z
  .object({
    id: z.int().positive(),
    at: z.iso.datetime().meta({ description: 'When its transaction began, to the microsecond.' }),
    actor: z.string().meta({
      description:
        'Who changed it: `key:12`, `rpc:worker`, `root`, or `sql:` and the role if SQL named nobody.',
    }),
    requestId: z.string().meta({ description: '`X-Request-Id` of the answer to the change.' }),
    action: AuditedAction,
    entity: AuditedEntity,
    entityId: z.int().positive().nullable().meta({ description: 'Null when it is of many rows.' }),
    accountNumber: nameThen('Number of the account, also of a profile or a key'),
    username: nameThen('Name of the user, also of a profile'),
    keyName: nameThen('Name of the key'),
    changes: z.record(z.string(), z.object({ before: value, after: value })).meta({
      description: 'By field, what it was and what it became; of many rows, `rows` is their number.',
    }),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof AuditEntry>;

/** The filters of the log; null: none. */
export type AuditFilters = Omit<AuditPage, 'after' | 'limit' | 'within'>;

const NAMES = [
  'actor',
  'requestId',
  'entity',
  'entityId',
  'action',
  'accountNumber',
  'username',
  'since',
  'until',
] as const;

/** The filters that a caller gave. */
export function filtersOf(given: {
  readonly [K in keyof AuditFilters]?: AuditFilters[K] | undefined;
}): AuditFilters {
  return {
    actor: given.actor ?? null,
    requestId: given.requestId ?? null,
    entity: given.entity ?? null,
    entityId: given.entityId ?? null,
    action: given.action ?? null,
    accountNumber: given.accountNumber ?? null,
    username: given.username ?? null,
    since: given.since ?? null,
    until: given.until ?? null,
  };
}

/** Names the list and its filters in its cursors, to the caller who may see it. */
export function nameOfAudit(filters: AuditFilters, within: string | null): string {
  return JSON.stringify(['audit', within, ...NAMES.map((name) => filters[name])]);
}

/** Lists the changes of rows, newest first, a page at a time. A caller that is bound to an account sees the log of this account. */
export async function listAuditEntries(
  deps: Deps,
  page: AuditPage,
  read: ReadDemands,
): Promise<Listed<AuditEntry>> {
  // Entries of two accounts, such as those of their common members, would tell the caller who belongs to the other one.
  const { within, accountNumber } = page;
  if (within !== null && accountNumber !== null && accountNumber !== within) return { items: [], next: null };
  return readPage(deps, read, page, {
    select: (slice) => selectAuditRows(deps.db, slice),
    toItem: toEntry,
    positionOf: ({ exactInstant, id }) => ({ key: exactInstant, id }),
  });
}

const Stored = AuditEntry.pick({ action: true, entity: true });

/** The entry as callers see it. */
export function toEntry(row: AuditEntryRow): AuditEntry {
  const { id, instant, actor, requestId, entityId, accountNumber, username, keyName } = row;
  const names = { accountNumber, username, keyName };
  return {
    id,
    at: instant,
    actor,
    requestId,
    ...Stored.parse(row),
    entityId,
    ...names,
    changes: toChanges(row),
  };
}

function toChanges(row: AuditEntryRow): AuditEntry['changes'] {
  return Object.fromEntries(
    namedChanges(row).map(([name, before, after]) => [
      name,
      { before, after } as AuditEntry['changes'][string],
    ]),
  );
}
