import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  customType,
  index,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';

const xid8 = customType<{ data: string }>({ dataType: () => 'xid8' });

const idColumn = () => bigint('id', { mode: 'number' }).generatedByDefaultAsIdentity().primaryKey();
const revisionColumn = () => bigint('revision', { mode: 'number' }).notNull().default(1);
const flag = (name: string, preset: boolean) => boolean(name).notNull().default(preset);
const words = (name: string, preset = '') => text(name).notNull().default(preset);
const optionalTime = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
const time = (name: string) => optionalTime(name).notNull().defaultNow();

// Beyond 2^53 a JavaScript number names another row.
const isSafe = (column: AnyPgColumn) => sql`${column} between 1 and 9007199254740991`;
// Postgres knows 'infinity' and the year 294276, and JavaScript takes the year 1 for 2001.
const isDate = (column: AnyPgColumn) =>
  sql`${column} between '1000-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00'`;

/** An entry of a B-tree may have 2,704 bytes; what the service writes is shorter than this many characters. */
const LISTED_CHARACTERS = 300;

/** Text in the order of its bytes, whatever the database's language: prefixes are ranges of it. */
export const inBytes = (column: AnyPgColumn) =>
  sql`(left(${column}, ${sql.raw(String(LISTED_CHARACTERS))}) collate "C")`;

/** As much of a text as lists are ordered by. */
export const listedPart = (whole: string): string => Array.from(whole).slice(0, LISTED_CHARACTERS).join('');

export const accounts = pgTable(
  'accounts',
  {
    id: idColumn(),
    accountNumber: text('account_number').notNull().unique('accounts_account_number_key'),
    companyName: text('company_name').notNull(),
    isDefaultAccount: flag('is_default_account', false),
    isActive: flag('is_active', true),
    phoneNumber: words('phone_number'),
    address1: words('address1'),
    address2: words('address2'),
    city: words('city'),
    state: words('state'),
    postalCode: words('postal_code'),
    country: words('country', 'USA'),
    language: words('language', 'EN'),
    timezone: words('timezone', 'America/New_York'),
    currency: words('currency', 'USD'),
    createdAt: time('created_at'),
    updatedAt: time('updated_at'),
    revision: revisionColumn(),
  },
  (table) => [
    check('accounts_account_number_format', sql`${table.accountNumber} ~ '^[0-9]{4}-[0-9]{4}-[0-9]{4}$'`),
    uniqueIndex('accounts_one_default')
      .on(table.isDefaultAccount)
      .where(sql`${table.isDefaultAccount}`),
    index('accounts_listed').on(table.isActive, table.id),
    index('accounts_listed_by_company_name').on(table.isActive, inBytes(table.companyName), table.id),
    check('accounts_safe_numbers', sql`${isSafe(table.id)} and ${isSafe(table.revision)}`),
    check('accounts_dates', sql`${isDate(table.createdAt)} and ${isDate(table.updatedAt)}`),
  ],
);

export const users = pgTable(
  'users',
  {
    id: idColumn(),
    username: text('username').notNull().unique('users_username_key'),
    email: text('email').notNull(),
    firstName: words('first_name'),
    lastName: words('last_name'),
    isActive: flag('is_active', true),
    isStaff: flag('is_staff', false),
    isSuperuser: flag('is_superuser', false),
    dateJoined: time('date_joined'),
    lastLogin: optionalTime('last_login'),
    revision: revisionColumn(),
    /** What no two names may share. Kept by a trigger; with more behind it for names that were alike before it came. */
    usernameCompared: words('username_compared').unique('users_username_compared_key'),
  },
  (table) => [
    check(
      'users_username_compared',
      sql`${table.usernameCompared} = public.comparable_username(${table.username}) or ${table.usernameCompared} = public.comparable_username(${table.username}) || '  #' || ${table.id}`,
    ),
    check(
      'users_username_format',
      sql`char_length(${table.username}) between 1 and 150 and ${table.username} !~ '[\\u0001-\\u001f\\u007f-\\u009f]'`,
    ),
    // The few administrators, so that looking for one never walks through an account's members.
    index('users_administrators')
      .on(table.id)
      .where(sql`${table.isStaff} or ${table.isSuperuser}`),
    index('users_listed').on(table.isActive, table.id),
    index('users_listed_by_username').on(table.isActive, inBytes(table.username), table.id),
    index('users_listed_by_email').on(table.isActive, inBytes(table.email), table.id),
    check('users_safe_numbers', sql`${isSafe(table.id)} and ${isSafe(table.revision)}`),
    check('users_dates', sql`${isDate(table.dateJoined)} and ${isDate(table.lastLogin)}`),
  ],
);

export const userProfiles = pgTable(
  'user_profiles',
  {
    id: idColumn(),
    name: words('name'),
    userId: bigint('user_id', { mode: 'number' })
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    accountId: bigint('account_id', { mode: 'number' })
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    profileImageUrl: text('profile_image_url'),
    isTest: flag('is_test', false),
    createdAt: time('created_at'),
    updatedAt: time('updated_at'),
    revision: revisionColumn(),
  },
  (table) => [
    // Account first: this index also serves the pages of an account's users.
    unique('user_profiles_account_id_user_id_key').on(table.accountId, table.userId),
    index('user_profiles_account_id_id').on(table.accountId, table.id),
    index('user_profiles_user_id_id').on(table.userId, table.id),
    check('user_profiles_safe_numbers', sql`${isSafe(table.id)} and ${isSafe(table.revision)}`),
    check('user_profiles_dates', sql`${isDate(table.createdAt)} and ${isDate(table.updatedAt)}`),
  ],
);

/** The outbox: tags that wait for their invalidation, written by triggers in the transaction of the change. */
export const cacheInvalidations = pgTable(
  'cache_invalidations',
  {
    id: idColumn(),
    xactId: xid8('xact_id')
      .notNull()
      .default(sql`pg_current_xact_id()`),
    tags: text('tags').array().notNull(),
    createdAt: time('created_at'),
    invalidatedAt: optionalTime('invalidated_at'),
  },
  (table) => [
    index('cache_invalidations_pending').on(table.invalidatedAt, table.id),
    index('cache_invalidations_xact_id').on(table.xactId),
    check(
      'cache_invalidations_tags',
      sql`array_position(${table.tags}, null) is null and array_ndims(${table.tags}) = 1`,
    ),
  ],
);

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
    check('api_keys_safe_numbers', sql`${isSafe(table.id)} and ${isSafe(table.revision)}`),
    check(
      'api_keys_sha256',
      sql`${table.sha256} ~ '^[0-9a-f]{64}$' and ${table.previousSha256} ~ '^[0-9a-f]{64}$'`,
    ),
    check(
      'api_keys_rotation',
      sql`(${table.previousSha256} is null) = (${table.previousValidUntil} is null)`,
    ),
  ],
);

/** When keys were last used, coarsely; apart from them, for a use is no change of the key. */
export const apiKeyUses = pgTable('api_key_uses', {
  keyId: bigint('key_id', { mode: 'number' })
    .primaryKey()
    .references(() => apiKeys.id, { onDelete: 'cascade' }),
  lastUsedAt: time('last_used_at'),
});

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
  ],
);

export type ApiKeyRow = typeof apiKeys.$inferSelect;
export type AuditRow = typeof auditLog.$inferSelect;
export type AccountRow = typeof accounts.$inferSelect;
export type UserRow = typeof users.$inferSelect;
export type UserProfileRow = typeof userProfiles.$inferSelect;
