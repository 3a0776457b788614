import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  check,
  index,
  pgTable,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import {
  dates,
  externalIdColumn,
  flag,
  idColumn,
  isExternalId,
  isMetadata,
  isSafe,
  listed,
  metadataColumn,
  optionalTime,
  revisionColumn,
  searched,
  time,
  words,
  xid8,
} from './columns.ts';

type Columns<Name extends string> = Readonly<Record<Name, AnyPgColumn>>;

/** What a search of accounts looks through. The number is there with its hyphens and without. */
export const searchedInAccount = (of: Columns<'accountNumber' | 'companyName' | 'externalId'>) =>
  searched(
    of.accountNumber,
    sql`replace(${of.accountNumber}, '-', '')`,
    of.companyName,
    sql`coalesce(${of.externalId}, '')`,
  );

/** What a search of users looks through. */
export const searchedInUser = (of: Columns<'username' | 'email' | 'firstName' | 'lastName' | 'externalId'>) =>
  searched(of.username, of.email, of.firstName, of.lastName, sql`coalesce(${of.externalId}, '')`);

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
    externalId: externalIdColumn(),
    metadata: metadataColumn(),
  },
  (table) => [
    check('accounts_account_number_format', sql`${table.accountNumber} ~ '^[0-9]{4}-[0-9]{4}-[0-9]{4}$'`),
    uniqueIndex('accounts_one_default')
      .on(table.isDefaultAccount)
      .where(sql`${table.isDefaultAccount}`),
    index('accounts_listed').on(table.isActive, table.id),
    index('accounts_searched').using('gin', searchedInAccount(table).append(sql` gin_trgm_ops`)),
    index('accounts_listed_by_company_name').on(table.isActive, listed(table.companyName), table.id),
    uniqueIndex('accounts_external_id_key')
      .on(table.externalId)
      .where(sql`${table.externalId} is not null`),
    check('accounts_external_id_format', isExternalId(table.externalId)),
    check('accounts_metadata', isMetadata(table.metadata)),
    check('accounts_safe_numbers', sql`${isSafe(table.id)} and ${isSafe(table.revision)}`),
    dates('accounts', table.createdAt, table.updatedAt),
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
    /**
     * The form of the username that no two users may share, written by a trigger. Names that were alike before the column was added
     * have the id behind it.
     */
    usernameCompared: words('username_compared').unique('users_username_compared_key'),
    externalId: externalIdColumn(),
    metadata: metadataColumn(),
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
    // The few usernames that were alike before the comparison was added, by what they share.
    index('users_alike')
      .on(sql`split_part(${table.usernameCompared}, '  #', 1)`, table.id)
      .where(sql`strpos(${table.usernameCompared}, '  #') > 0`),
    // The few administrators: the search for one must not read all members of an account.
    index('users_administrators')
      .on(table.id)
      .where(sql`${table.isStaff} or ${table.isSuperuser}`),
    index('users_listed').on(table.isActive, table.id),
    index('users_searched').using('gin', searchedInUser(table).append(sql` gin_trgm_ops`)),
    index('users_listed_by_username').on(table.isActive, listed(table.username), table.id),
    index('users_listed_by_email').on(table.isActive, listed(table.email), table.id),
    uniqueIndex('users_external_id_key')
      .on(table.externalId)
      .where(sql`${table.externalId} is not null`),
    check('users_external_id_format', isExternalId(table.externalId)),
    check('users_metadata', isMetadata(table.metadata)),
    check('users_safe_numbers', sql`${isSafe(table.id)} and ${isSafe(table.revision)}`),
    dates('users', table.dateJoined, table.lastLogin),
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
    // The account comes first, so that the index also serves the pages of an account's users.
    unique('user_profiles_account_id_user_id_key').on(table.accountId, table.userId),
    index('user_profiles_account_id_id').on(table.accountId, table.id),
    index('user_profiles_user_id_id').on(table.userId, table.id),
    check('user_profiles_safe_numbers', sql`${isSafe(table.id)} and ${isSafe(table.revision)}`),
    dates('user_profiles', table.createdAt, table.updatedAt),
  ],
);

/** The outbox: cache tags to invalidate. Triggers write them in the transaction of the change. */
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
    dates('cache_invalidations', table.createdAt, table.invalidatedAt),
  ],
);

export type AccountRow = typeof accounts.$inferSelect;
export type UserRow = typeof users.$inferSelect;
export type UserProfileRow = typeof userProfiles.$inferSelect;
