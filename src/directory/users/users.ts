import * as z from 'zod';
import type { LookUp, ReadDemands } from '../../cache/look-up.ts';
import { readThrough, recall } from '../../cache/read-through.ts';
import type { UserRow } from '../../db/schema/tables.ts';
import { selectUserById, selectUserByUsername, selectUsersOfAccount } from '../../db/reads/users.ts';
import { unknownAccount, unknownUser } from '../absence.ts';
import { requireAccountNumber } from '../accounts/account-argument.ts';
import type { Deps } from '../deps.ts';
import { bounded } from '../fields.ts';
import { readSlice } from '../paged-read.ts';
import { cutPage, type Page, type Paged, pageKey, requireWhole, withOneMore } from '../page.ts';

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
  })
  .meta({ id: 'User' });
export type User = z.infer<typeof User>;

const parseUser = User.nullable().parse;

/** Usernames as Postgres admits them: 1 to 150 characters, none of them a control character. */
// oxlint-disable-next-line no-control-regex -- control characters are what it excludes
export const USERNAME = /^[^\u0000-\u001f\u007f-\u009f]{1,150}$/u;
const NO_USERNAME = 'must have 1 to 150 characters, none of them a control character';

/** A username that there may be. */
export const Username = bounded(150, NO_USERNAME)
  .regex(USERNAME, { error: NO_USERNAME, abort: true })
  .refine((name) => name.isWellFormed(), { error: 'is not well-formed Unicode', abort: true });

export function toUser(row: UserRow): User {
  const { usernameCompared: _compared, ...user } = row;
  return {
    ...user,
    dateJoined: row.dateJoined.toISOString(),
    lastLogin: row.lastLogin?.toISOString() ?? null,
  };
}

function keyOfUser(userId: number): string {
  return `user:${userId}`;
}

/** The look-up of a user by id. */
export function userById(deps: Deps, userId: number): LookUp<User | null> {
  return {
    key: keyOfUser(userId),
    parse: parseUser,
    load: async () => {
      const row = await selectUserById(deps.db, userId);
      return { value: row && toUser(row), tags: [`user:${userId}`] };
    },
  };
}

/** The user with this id, active or not; null, and an error in the log, when there is none. Implements `get_cached_user_for_user_id`. */
export function getCachedUserForUserId(deps: Deps, userId: number, read?: ReadDemands): Promise<User | null> {
  return recall<User>(deps.cache, keyOfUser(userId), read) ?? readUser(deps, userId, read);
}

async function readUser(deps: Deps, userId: number, read?: ReadDemands): Promise<User | null> {
  const user = await readThrough(deps.cache, userById(deps, userId), read);
  if (!user) deps.log.error('user_does_not_exist', { userId });
  return user;
}

function keyOfUsername(username: string): string {
  return `username:${username}`;
}

/** The look-up of a user by username. */
export function userByUsername(deps: Deps, username: string): LookUp<User | null> {
  return {
    key: keyOfUsername(username),
    parse: parseUser,
    load: async () => {
      const row = await selectUserByUsername(deps.db, username);
      const value = row && toUser(row);
      return { value, tags: [`username:${username}`, ...(value ? [`user:${value.id}`] : [])] };
    },
  };
}

/** The user with this username; throws `user_does_not_exist`, and logs an error. Implements `get_cached_user_for_username`. */
export function getCachedUserForUsername(deps: Deps, username: string, read?: ReadDemands): Promise<User> {
  return recall<User>(deps.cache, keyOfUsername(username), read) ?? readUserByUsername(deps, username, read);
}

async function readUserByUsername(deps: Deps, username: string, read?: ReadDemands): Promise<User> {
  const user =
    USERNAME.test(username) && username.isWellFormed()
      ? await readThrough(deps.cache, userByUsername(deps, username), read)
      : null;
  if (user) return user;
  deps.log.error('user_does_not_exist');
  return unknownUser('username');
}

/**
 * Every user with a profile in the account, by id; `[]` when it has none.
 * Throws `account_required` on an empty argument, `account_does_not_exist` on an unknown one, and `too_many_members`.
 * Implements `get_users_for_account`.
 */
export async function getUsersForAccount(
  deps: Deps,
  accountNumber: string,
  read?: ReadDemands,
): Promise<readonly User[]> {
  const list = listUsersForAccount(deps, accountNumber, undefined, read);
  return requireWhole(list, 'listUsersForAccount');
}

/** Names the list in its cursors and its keys. */
export function nameOfUserList(accountNumber: string): string {
  return `users-of:${accountNumber}`;
}

const UserList = z.object({ items: z.array(User), nextAfterId: z.int().nullable() }).nullable();

/** The look-up of a page of an account's users; null when the account is unknown. */
export function usersOfAccount(
  deps: Deps,
  accountNumber: string,
  page: Page | undefined,
): LookUp<Paged<User> | null> {
  return {
    key: `${nameOfUserList(accountNumber)}:${pageKey(page)}`,
    parse: UserList.parse,
    load: () => loadUsers(deps, accountNumber, page),
  };
}

/** As `getUsersForAccount`, a page at a time. */
export async function listUsersForAccount(
  deps: Deps,
  accountNumber: string,
  page: Page | undefined,
  read?: ReadDemands,
): Promise<Paged<User>> {
  requireAccountNumber(accountNumber);
  const list = await readSlice(deps, usersOfAccount(deps, accountNumber, page), page, read);
  return list ?? unknownAccount();
}

async function loadUsers({ db }: Deps, accountNumber: string, page: Page | undefined) {
  const { accountId, members } = await selectUsersOfAccount(db, accountNumber, withOneMore(page));
  const tags = [`account-number:${accountNumber}`];
  if (accountId === null) return { value: null, tags };
  const { items, nextAfterId } = cutPage(members, page);
  tags.push(`account:${accountId}`, `members:${accountId}`, ...items.map(({ id }) => `user:${id}`));
  return { value: { items: items.flatMap(({ user }) => (user ? [toUser(user)] : [])), nextAfterId }, tags };
}
