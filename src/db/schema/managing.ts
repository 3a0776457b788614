import { sql } from 'drizzle-orm';
import { bigint, check, index, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { dates, idColumn, isSafe, optionalTime, revisionColumn, time, xid8 } from './columns.ts';

export const apiKeys = pgTable(
  'api_keys',
  {
    id: idColumn(),
    name: text('name').notNull(),
    scopes: text('scopes').array().notNull(),
    /**
     * The only account that the key may see; null: all accounts. Triggers delete the keys with the account, because a foreign key
     * would forbid to truncate accounts.
     */
    accountId: bigint('account_id', { mode: 'number' }),
    /** SHA-256 of the key's secret part, in hexadecimal. */
    sha256: text('sha256').notNull(),
    /** SHA-256 of the secret before the last rotation, which is good until `previousValidUntil`. */
    previousSha256: text('previous_sha256'),
    previousValidUntil: optionalTime('previous_valid_until'),
    expiresAt: optionalTime('expires_at'),
    revokedAt: optionalTime('revoked_at'),
    /** The actor of the transaction that created the key, as in the audit log; null: it named none. Never changes. */
    createdBy: text('created_by').default(sql`nullif(current_setting('edge_accounts.actor', true), '')`),
    createdAt: time('created_at'),
    updatedAt: time('updated_at'),
    revision: revisionColumn(),
  },
  (table) => [
    index('api_keys_account_id_id').on(table.accountId, table.id),
    index('api_keys_created_by_id').on(table.createdBy, table.id),
    // Counting an account's good keys must not read its revoked ones.
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

/** The times at which keys were last used, to some minutes. A table of its own, because a use does not change the key. */
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

/** Creations that a caller may repeat, and their answers. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /** Id of the caller; each caller has keys of its own. */
    caller: text('caller').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of the method, the path and the body. */
    requestSha256: text('request_sha256').notNull(),
    answer: jsonb('answer'),
    createdAt: time('created_at'),
  },
  (table) => [
    primaryKey({ name: 'idempotency_keys_pkey', columns: [table.caller, table.key] }),
    index('idempotency_keys_created_at').on(table.createdAt),
    // The users in the answers, who may have to be erased from them.
    index('idempotency_keys_users').using(
      'gin',
      sql`jsonb_path_query_array(${table.answer}, '$[*].user.id')`,
    ),
    dates('idempotency_keys', table.createdAt),
  ],
);

/** Every change of a row, by any writer. Triggers write the entries in the transaction of the change. */
export const auditLog = pgTable(
  'audit_log',
  {
    id: idColumn(),
    at: time('at'),
    actor: text('actor').notNull(),
    requestId: text('request_id').notNull(),
    action: text('action').notNull(),
    /** The table's name in the singular. */
    entity: text('entity').notNull(),
    /** Null: the entry is of many rows, whose number is among its changes. */
    entityId: bigint('entity_id', { mode: 'number' }),
    /** The changed values by column: `[before, after]`, null where there is none. */
    changes: jsonb('changes').notNull(),
    /** The names before the change: of the account, also the one of a profile or a key, of the user, and of the key. */
    accountNumber: text('account_number'),
    username: text('username'),
    keyName: text('key_name'),
    /** Id of the user itself, or of the profile's user. */
    userId: bigint('user_id', { mode: 'number' }),
    xactId: xid8('xact_id'),
  },
  (table) => [
    // One index for each filter; each is read from the newest entry.
    index('audit_log_at').on(table.at, table.id),
    index('audit_log_actor').on(table.actor, table.entity, table.at, table.id),
    index('audit_log_by_action').on(table.action, table.entity, table.at, table.id),
    index('audit_log_entity').on(table.entity, table.at, table.id),
    index('audit_log_entity_id').on(table.entityId, table.entity, table.at, table.id),
    index('audit_log_request_id').on(table.requestId, table.at, table.id),
    index('audit_log_username')
      .on(table.username, table.at, table.id)
      .where(sql`${table.username} is not null`),
    index('audit_log_user_id')
      .on(table.userId, table.at, table.id)
      .where(sql`${table.userId} is not null`),
    // Entries of profiles from before there was `user_id`, which tell the user among their changes.
    index('audit_log_former_user_id')
      .on(sql`(coalesce(${table.changes} -> 'user_id' ->> 1, ${table.changes} -> 'user_id' ->> 0)::bigint)`)
      .where(sql`${table.entity} = 'user_profile' and ${table.userId} is null`),
    check('audit_log_action', sql`${table.action} in ('create', 'update', 'delete', 'truncate', 'erase')`),
    check('audit_log_many_rows', sql`${table.entityId} is not null or ${table.changes} ? 'rows'`),
    dates('audit_log', table.at),
  ],
);

/**
 * The entries of each account's log: of itself, its profiles and keys, and the users that were its members at the time. Of a number,
 * because an id can come again. Triggers take out what leaves the audit log.
 */
export const auditLogAccounts = pgTable(
  'audit_log_accounts',
  {
    /** Id of the entry. */
    id: bigint('id', { mode: 'number' }).notNull(),
    accountNumber: text('account_number').notNull(),
    /** Entity and time of the entry, by which the account's log is read. */
    entity: text('entity').notNull(),
    at: time('at'),
  },
  (table) => [
    primaryKey({ name: 'audit_log_accounts_pkey', columns: [table.id, table.accountNumber] }),
    index('audit_log_accounts_log').on(table.accountNumber, table.entity, table.at, table.id),
    dates('audit_log_accounts', table.at),
  ],
);

export type ApiKeyRow = typeof apiKeys.$inferSelect;
export type AuditRow = typeof auditLog.$inferSelect;
