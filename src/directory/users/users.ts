import * as z from 'zod';
import type { UserRow } from '../../db/schema/tables.ts';
import {
  selectUserByExternalId,
  selectUserById,
  selectUserByUsername,
  selectUsersOfAccount,
} from '../../db/reads/users.ts';
import { noSuchAccount, unknownUser } from '../absence.ts';
import { ACCOUNT_NUMBER } from '../accounts/account-number.ts';
import { bounded } from '../fields.ts';
import { AccountInput, ExternalIdInput, UserInput } from '../inputs.ts';
import { defineList, tooManyMembers } from '../list.ts';
import { defineLookUp } from '../look-up.ts';
import { isExternalId } from '../other-systems.ts';
import { cutPage, withOneMore } from '../page.ts';

export const User = z
  .object({
    id: z.int().positive(),
    username: z.string(),
    email: z.string(),
    firstName: z.string(),
    lastName: z.string(),
    isActive: z.boolean(),
    isStaff: z.boolean(),
    isSuperuser: z.boolean(),
    dateJoined: z.iso.datetime(),
    lastLogin: z.iso.datetime().nullable(),
    revision: z.int().positive().meta({ description: 'Raised by every change of the row.' }),
    externalId: z.string().nullable().meta({ description: 'Its name in another system.' }),
    metadata: z.record(z.string(), z.string()),
  })
  .meta({ id: 'User' });
export type User = z.infer<typeof User>;

/** Usernames as Postgres admits them: 1 to 150 characters, none of them a control character. */
// oxlint-disable-next-line no-control-regex -- control characters are what it excludes
export const USERNAME = /^[^\u0000-\u001f\u007f-\u009f]{1,150}$/u;
const NO_USERNAME = 'must have 1 to 150 characters, none of them a control character';

/** A username that there may be. */
export const Username = bounded(150, NO_USERNAME)
  .regex(USERNAME, { error: NO_USERNAME, abort: true })
  .refine((name) => name.isWellFormed(), { error: 'is not well-formed Unicode', abort: true });

/** True if Postgres could hold a user of this name. */
export function isUsername(text: string): boolean {
  return USERNAME.test(text) && text.isWellFormed();
}

export function toUser(row: UserRow): User {
  const { usernameCompared: _compared, ...user } = row;
  return {
    ...user,
    dateJoined: row.dateJoined.toISOString(),
    lastLogin: row.lastLogin?.toISOString() ?? null,
  };
}

/** A user by id, active or not. */
export const userById = defineLookUp({
  name: 'user',
  implements: 'get_cached_user_for_user_id',
  input: UserInput,
  subject: ({ userId }) => ({ kind: 'user', userId }),
  value: User,
  key: ({ userId }) => `user:${userId}`,
  async load({ db }, { userId }) {
    const row = await selectUserById(db, userId);
    return { value: row && toUser(row), tags: [`user:${userId}`] };
  },
  noteAbsent: ({ log }, { userId }) => log.error('user_does_not_exist', { userId }),
  errors: ['user_does_not_exist'],
  absent: () => unknownUser('userId'),
});

/** A user by username. */
export const userByUsername = defineLookUp({
  name: 'userByUsername',
  implements: 'get_cached_user_for_username',
  input: z.strictObject({ username: Username }),
  subject: ({ username }) => ({ kind: 'username', username }),
  value: User,
  key: ({ username }) => `username:${username}`,
  isPossible: ({ username }) => isUsername(username),
  async load({ db }, { username }) {
    const row = await selectUserByUsername(db, username);
    const value = row && toUser(row);
    return { value, tags: [`username:${username}`, ...(value ? [`user:${value.id}`] : [])] };
  },
  noteAbsent: ({ log }) => log.error('user_does_not_exist'),
  errors: ['user_does_not_exist'],
  absent: () => unknownUser('username'),
});

/** A user by what another system calls it. */
export const userByExternalId = defineLookUp({
  name: 'userByExternalId',
  input: ExternalIdInput,
  subject: ({ externalId }) => ({ kind: 'user-external-id', externalId }),
  value: User,
  key: ({ externalId }) => `user-external-id:${externalId}`,
  isPossible: ({ externalId }) => isExternalId(externalId),
  async load({ db }, { externalId }) {
    const row = await selectUserByExternalId(db, externalId);
    const value = row && toUser(row);
    return { value, tags: [`user-external-id:${externalId}`, ...(value ? [`user:${value.id}`] : [])] };
  },
  errors: ['user_does_not_exist'],
  absent: () => unknownUser('externalId'),
});

/** Every user with a profile in the account, by id. */
export const usersOfAccount = defineList({
  name: 'usersOfAccount',
  implements: 'get_users_for_account',
  input: AccountInput,
  subject: ({ accountNumber }) => ({ kind: 'account', accountNumber }),
  item: User,
  nameOf: ({ accountNumber }) => `users-of:${accountNumber}`,
  isPossible: ({ accountNumber }) => ACCOUNT_NUMBER.test(accountNumber),
  async load({ db }, { input: { accountNumber }, page }) {
    const { accountId, members } = await selectUsersOfAccount(db, accountNumber, withOneMore(page));
    const tags = [`account-number:${accountNumber}`];
    if (accountId === null) return { value: null, tags };
    const { items, nextAfterId } = cutPage(members, page);
    tags.push(`account:${accountId}`, `members:${accountId}`, ...items.map(({ id }) => `user:${id}`));
    return { value: { items: items.flatMap(({ user }) => (user ? [toUser(user)] : [])), nextAfterId }, tags };
  },
  errors: ['account_does_not_exist'],
  absent: ({ accountNumber }) => noSuchAccount(accountNumber),
  tooMany: tooManyMembers('listUsersForAccount'),
});
