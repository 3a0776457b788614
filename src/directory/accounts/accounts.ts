import * as z from 'zod';
import { ACCOUNT_NUMBER } from './account-number.ts';
import type { LookUp, ReadDemands } from '../../cache/look-up.ts';
import { readThrough, recall } from '../../cache/read-through.ts';
import {
  selectAccountByNumber,
  selectAccountForUser,
  selectDefaultAccount,
} from '../../db/reads/accounts.ts';
import type { AccountRow } from '../../db/schema/tables.ts';
import { noDefaultAccount } from '../absence.ts';
import type { Deps } from '../deps.ts';

export const Account = z
  .object({
    id: z.int().positive(),
    accountNumber: z.string().regex(ACCOUNT_NUMBER),
    companyName: z.string(),
    isDefaultAccount: z.boolean(),
    isActive: z.boolean(),
    phoneNumber: z.string(),
    address1: z.string(),
    address2: z.string(),
    city: z.string(),
    state: z.string(),
    postalCode: z.string(),
    country: z.string(),
    language: z.string(),
    timezone: z.string(),
    currency: z.string(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    revision: z.int().positive().meta({ description: 'Raised by every change of the row.' }),
  })
  .meta({ id: 'Account' });
export type Account = z.infer<typeof Account>;

const parseAccount = Account.nullable().parse;

export function toAccount(row: AccountRow): Account {
  return { ...row, createdAt: row.createdAt.toISOString(), updatedAt: row.updatedAt.toISOString() };
}

function keyOfAccount(accountNumber: string): string {
  return `account:${accountNumber}`;
}

/** The look-up of an account by its number. */
export function accountByNumber(deps: Deps, accountNumber: string): LookUp<Account | null> {
  return {
    key: keyOfAccount(accountNumber),
    parse: parseAccount,
    load: async () => {
      const row = await selectAccountByNumber(deps.db, accountNumber);
      const value = row && toAccount(row);
      return { value, tags: [`account-number:${accountNumber}`, ...accountTags(value)] };
    },
  };
}

/** The account with this number, active or not, or null. */
export function findAccount(deps: Deps, accountNumber: string, read?: ReadDemands): Promise<Account | null> {
  return (
    recall<Account>(deps.cache, keyOfAccount(accountNumber), read) ?? readAccount(deps, accountNumber, read)
  );
}

async function readAccount(deps: Deps, accountNumber: string, read?: ReadDemands): Promise<Account | null> {
  if (!ACCOUNT_NUMBER.test(accountNumber)) return null;
  return readThrough(deps.cache, accountByNumber(deps, accountNumber), read);
}

/** The key of its look-up, and the tag of all that depends on which account it is. */
const DEFAULT_ACCOUNT = 'default-account';

/** The look-up of the default account. */
export function defaultAccount(deps: Deps): LookUp<Account | null> {
  return {
    key: DEFAULT_ACCOUNT,
    parse: parseAccount,
    load: async () => {
      const row = await selectDefaultAccount(deps.db);
      const value = row && toAccount(row);
      return { value, tags: [DEFAULT_ACCOUNT, ...accountTags(value)] };
    },
  };
}

/** The default account; null when there is none. */
export function findDefaultAccount(deps: Deps, read?: ReadDemands): Promise<Account | null> {
  return readThrough(deps.cache, defaultAccount(deps), read);
}

/** The default account; throws `no_default_account`. Implements `get_cached_default_account`. */
export function getCachedDefaultAccount(deps: Deps, read?: ReadDemands): Promise<Account> {
  return recall<Account>(deps.cache, DEFAULT_ACCOUNT, read) ?? readDefaultAccount(deps, read);
}

async function readDefaultAccount(deps: Deps, read?: ReadDemands): Promise<Account> {
  const account = await findDefaultAccount(deps, read);
  return account ?? noDefaultAccount();
}

function keyOfAccountForUser(userId: number): string {
  return `account-for-user:${userId}`;
}

/** The look-up of a user's account. */
export function accountForUser(deps: Deps, userId: number): LookUp<Account | null> {
  return {
    key: keyOfAccountForUser(userId),
    parse: parseAccount,
    load: () => loadAccountForUser(deps, userId),
  };
}

/** The user's account, as `getCachedAccountForUser` finds it, without a warning when there is none. */
export function findAccountForUser(deps: Deps, userId: number, read?: ReadDemands): Promise<Account | null> {
  return readThrough(deps.cache, accountForUser(deps, userId), read);
}

/**
 * The user's account: the platform account for the platform's admin; else the default account, if the user has a profile
 * there; else that of the user's profile with the lowest id. Null, and a warning, when there is none.
 * Implements `get_cached_account_for_user`.
 */
export function getCachedAccountForUser(
  deps: Deps,
  userId: number,
  read?: ReadDemands,
): Promise<Account | null> {
  return (
    recall<Account>(deps.cache, keyOfAccountForUser(userId), read) ?? readAccountForUser(deps, userId, read)
  );
}

async function readAccountForUser(deps: Deps, userId: number, read?: ReadDemands): Promise<Account | null> {
  const account = await findAccountForUser(deps, userId, read);
  if (!account) deps.log.warn('user_has_no_account', { userId });
  return account;
}

async function loadAccountForUser({ db, platform }: Deps, userId: number) {
  const { username, accountId, account } = await selectAccountForUser(db, userId, platform);
  const value = account && toAccount(account);
  const tags = [`user:${userId}`, `memberships:${userId}`, DEFAULT_ACCOUNT];
  if (accountId !== null) tags.push(`account:${accountId}`);
  if (username === platform.adminUsername) tags.push(`account-number:${platform.accountNumber}`);
  return { value, tags };
}

function accountTags(account: Account | null): string[] {
  return account ? [`account:${account.id}`] : [];
}
