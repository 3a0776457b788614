import * as z from 'zod';
import { ACCOUNT_NUMBER } from './account-number.ts';
import {
  selectAccountByExternalId,
  selectAccountByNumber,
  selectAccountForUser,
  selectAccountsOfUser,
  selectAccountWithProfile,
  selectDefaultAccount,
} from '../../db/reads/accounts.ts';
import type { Db } from '../../db/client/client.ts';
import type { AccountRow } from '../../db/schema/tables.ts';
import {
  noAccountForUser,
  noDefaultAccount,
  unknownAccount,
  unknownExternalAccount,
  unknownUser,
} from '../absence.ts';
import { AccountInput, ExternalIdInput, NoInput, UserInput } from '../inputs.ts';
import { defineList } from '../list.ts';
import { defineLookUp } from '../look-up.ts';
import { isExternalId } from '../other-systems.ts';
import { cutPage, withOneMore } from '../page.ts';

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
    externalId: z.string().nullable().meta({ description: 'Its name in another system.' }),
    metadata: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Account' });
export type Account = z.infer<typeof Account>;

export function toAccount(row: AccountRow): Account {
  return { ...row, createdAt: row.createdAt.toISOString(), updatedAt: row.updatedAt.toISOString() };
}

/** An account by its number, active or not. */
export const accountByNumber = defineLookUp({
  name: 'account',
  input: AccountInput,
  subject: ({ accountNumber }) => ({ kind: 'account', accountNumber }),
  value: Account,
  key: ({ accountNumber }) => `account:${accountNumber}`,
  isPossible: ({ accountNumber }) => ACCOUNT_NUMBER.test(accountNumber),
  async load({ db }, { accountNumber }) {
    const row = await selectAccountByNumber(db, accountNumber);
    const value = row && toAccount(row);
    return { value, tags: [`account-number:${accountNumber}`, ...accountTags(value)] };
  },
  errors: ['account_does_not_exist'],
  absent: unknownAccount,
});

/** An account by what another system calls it. */
export const accountByExternalId = defineLookUp({
  name: 'accountByExternalId',
  input: ExternalIdInput,
  subject: ({ externalId }) => ({ kind: 'account-external-id', externalId }),
  value: Account,
  key: ({ externalId }) => `account-external-id:${externalId}`,
  isPossible: ({ externalId }) => isExternalId(externalId),
  async load({ db }, { externalId }) {
    const row = await selectAccountByExternalId(db, externalId);
    const value = row && toAccount(row);
    return { value, tags: [`account-external-id:${externalId}`, ...accountTags(value)] };
  },
  errors: ['account_does_not_exist'],
  absent: unknownExternalAccount,
});

/** The key of its look-up, and the tag of all that depends on which account it is. */
const DEFAULT_ACCOUNT = 'default-account';

export const defaultAccount = defineLookUp({
  name: 'defaultAccount',
  implements: 'get_cached_default_account',
  input: NoInput,
  subject: () => ({ kind: 'default-account' }),
  value: Account,
  key: () => DEFAULT_ACCOUNT,
  async load({ db }) {
    const row = await selectDefaultAccount(db);
    const value = row && toAccount(row);
    return { value, tags: [DEFAULT_ACCOUNT, ...accountTags(value)] };
  },
  errors: ['no_default_account'],
  absent: noDefaultAccount,
});

/**
 * The user's account: the platform account for the platform's admin; else the default account, if the user has a profile
 * there; else that of the user's profile with the lowest id.
 */
export const accountForUser = defineLookUp({
  name: 'accountForUser',
  implements: 'get_cached_account_for_user',
  input: UserInput,
  subject: ({ userId }) => ({ kind: 'account-of-user', userId }),
  value: Account,
  key: ({ userId }) => `account-for-user:${userId}`,
  async load({ db, platform }, { userId }) {
    const { username, accountId, account } = await selectAccountForUser(db, userId, platform);
    const value = account && toAccount(account);
    const tags = [`user:${userId}`, `memberships:${userId}`, DEFAULT_ACCOUNT];
    if (accountId !== null) tags.push(`account:${accountId}`);
    if (username === platform.adminUsername) tags.push(`account-number:${platform.accountNumber}`);
    return { value, tags };
  },
  noteAbsent: ({ log }, { userId }) => log.warn('user_has_no_account', { userId }),
  errors: ['no_account_for_user'],
  absent: noAccountForUser,
});

/** An account that a user is a member of. */
export const AccountOfUser = z
  .object({
    userProfileId: z.int().positive().meta({ description: "Id of the user's profile in the account." }),
    account: Account,
  })
  .meta({ id: 'AccountOfUser' });
export type AccountOfUser = z.infer<typeof AccountOfUser>;

/** Every account that the user has a profile in, by the ids of the profiles. A bound caller sees its own account alone. */
export const accountsOfUser = defineList({
  name: 'accountsOfUser',
  input: UserInput,
  subject: ({ userId }) => ({ kind: 'user', userId }),
  item: AccountOfUser,
  nameOf: ({ userId }) => `accounts-of:${userId}`,
  spansAccounts: true,
  async load({ db }, { input: { userId }, page, within }) {
    if (within !== null) return loadOwnAccount(db, userId, within);
    const { isKnown, memberships } = await selectAccountsOfUser(db, userId, withOneMore(page));
    const tags = [`user:${userId}`, `memberships:${userId}`];
    if (!isKnown) return { value: null, tags };
    const { items: found, nextAfterId } = cutPage(memberships, page);
    const items = found.flatMap(({ id, account }) =>
      account ? [{ userProfileId: id, account: toAccount(account) }] : [],
    );
    tags.push(...found.map(({ accountId }) => `account:${accountId}`));
    return { value: { items, nextAfterId }, tags };
  },
  errors: ['user_does_not_exist'],
  absent: () => unknownUser('userId'),
  tooMany: {
    code: 'too_many_accounts',
    owner: 'userId: the user',
    items: 'accounts',
    pagedMethod: 'listAccountsForUser',
  },
});

/**
 * The one membership that a bound caller sees, which is one page. Its tags are those of the caller's account alone: the user's
 * would tell when another account changes its members.
 */
async function loadOwnAccount(db: Db, userId: number, within: string) {
  const { account, userProfileId } = await selectAccountWithProfile(db, within, userId);
  const tags = [`account-number:${within}`];
  if (account) tags.push(`account:${account.id}`, `members:${account.id}`);
  if (!account || userProfileId === null) return { value: null, tags };
  return { value: { items: [{ userProfileId, account: toAccount(account) }], nextAfterId: null }, tags };
}

function accountTags(account: Account | null): string[] {
  return account ? [`account:${account.id}`] : [];
}
