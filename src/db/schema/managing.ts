import { sql } from 'drizzle-orm';
import { bigint, check, index, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { dates, idColumn, isSafe, optionalTime, revisionColumn, time } from './columns.ts';

export const apiKeys = pgTable(
  'api_keys',
  {
    id: idColumn(),
    name: text('name').notNull(),
    scopes: text('scopes').array().notNull(),
    /**
     * The only account that the key may see; null: all of them. No foreign key, which would forbid to truncate accounts:
     * triggers delete the keys.
     */
    accountId: bigint('account_id', { mode: 'number' }),
    /** SHA-256 of the key's secret part, in hexadecimal. */
    sha256: text('sha256').notNull(),
    /** That of the secret before the last rotation, good until the time beside it. */
    previousSha256: text('previous_sha256'),
    previousValidUntil: optionalTime('previous_valid_until'),
    expiresAt: optionalTime('expires_at'),
    revokedAt: optionalTime('revoked_at'),
    /** The actor of the transaction that made the key, as in the audit log; null: nobody was named. Never changes. */
    createdBy: text('created_by').default(sql`nullif(current_setting('edge_accounts.actor', true), '')`),
    createdAt: time('created_at'),
    updatedAt: time('updated_at'),
    revision: revisionColumn(),
  },
  (table) => [
    index('api_keys_account_id_id').on(table.accountId, table.id),
    index('api_keys_created_by_id').on(table.createdBy, table.id),
    // So that counting the keys that are good never walks through those that were revoked.
    index('api_keys_not_revoked')
      .on(table.accountId)
      .where(sql`${table.revokedAt} is null`),
    check('api_keys_safe_numbers', sql`${isSafe(table.id)} and ${isSafe(table.revision)}`),
    check(
      'api_keys_sha256',
      sql`${table.sha256} ~ '^[0-9a-f]{64}$' and ${table.previousSha256} ~ '^[0-9a-f]{64}$'`,
    ),
    check(
      'api_keys_rotation',
      sql`(${table.previousSha256} is null) = (${table.previousValidUntil} is null)`,
    ),
    dates(
      'api_keys',
      table.previousValidUntil,
      table.expiresAt,
      table.revokedAt,
      table.createdAt,
      table.updatedAt,
    ),
  ],
);

/** When keys were last used, coarsely; apart from them, for a use is no change of the key. */
export const apiKeyUses = pgTable(
  'api_key_uses',
  {
    keyId: bigint('key_id', { mode: 'number' })
      .primaryKey()
      .references(() => apiKeys.id, { onDelete: 'cascade' }),
    lastUsedAt: time('last_used_at'),
  },
  (table) => [dates('api_key_uses', table.lastUsedAt)],
);

/** Creations that may be asked for again, and what was answered. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /** Of the caller; keys of different callers never meet. */
    caller: text('caller').notNull(),
    key: text('key').notNull(),
    /** Of the method, the path and the body. */
    requestSha256: text('request_sha256').notNull(),
    answer: jsonb('answer'),
    createdAt: time('created_at'),
  },
  (table) => [
    primaryKey({ name: 'idempotency_keys_pkey', columns: [table.caller, table.key] }),
    index('idempotency_keys_created_at').on(table.createdAt),
    dates('idempotency_keys', table.createdAt),
  ],
);

/** What was changed through the service, by whom; written by triggers in the transaction of the change. */
export const auditLog = pgTable(
  'audit_log',
  {
    id: idColumn(),
    at: time('at'),
    actor: text('actor').notNull(),
    requestId: text('request_id').notNull(),
    action: text('action').notNull(),
    /** A table's name in the singular. */
    entity: text('entity').notNull(),
    /** Null: all rows of the table, by TRUNCATE. */
    entityId: bigint('entity_id', { mode: 'number' }),
    /** By column, what changed: `[before, after]`, null where there is none. */
    changes: jsonb('changes').notNull(),
  },
  (table) => [
    // One for each way to ask, all of them from the newest.
    index('audit_log_at').on(table.at, table.id),
    index('audit_log_actor').on(table.actor, table.entity, table.at, table.id),
    index('audit_log_entity').on(table.entity, table.at, table.id),
    index('audit_log_entity_id').on(table.entityId, table.entity, table.at, table.id),
    index('audit_log_request_id').on(table.requestId, table.at, table.id),
    check('audit_log_action', sql`${table.action} in ('create', 'update', 'delete', 'truncate')`),
    check('audit_log_truncated', sql`(${table.entityId} is null) = (${table.action} = 'truncate')`),
    dates('audit_log', table.at),
  ],
);

export type ApiKeyRow = typeof apiKeys.$inferSelect;
export type AuditRow = typeof auditLog.$inferSelect;
