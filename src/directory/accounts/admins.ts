import * as z from 'zod';
import type { ReadDemands } from '../../cache/look-up.ts';
import { OriginUnavailable } from '../../cache/errors.ts';
import { invalidate } from '../../cache/invalidate.ts';
import type { Token } from '../../cache/logical-time.ts';
import {
  createAdminUserRow,
  selectAdminOfAccount,
  selectPlatformAdminProfile,
} from '../../db/writes/admins.ts';
import { noAdminUser, noPlatformAdmin, noSuchAccount, unknownAccount } from '../absence.ts';
import { ACCOUNT_NUMBER } from './account-number.ts';
import { requireScope, type Writer } from '../caller.ts';
import { countedAs } from '../counted.ts';
import type { Deps } from '../deps.ts';
import { AccountInput, NoInput } from '../inputs.ts';
import { type DefinedLookUp, defineLookUp, find } from '../look-up.ts';
import { rowTags, toUserProfile, UserProfile } from '../profiles/user-profile.ts';
import { toUser, User } from '../users/users.ts';
import { authorOf, runOrThrow } from '../write.ts';

/** The profile of the platform account's superuser with the lowest profile id. */
export const platformAdmin = defineLookUp({
  name: 'platformAdminProfile',
  implements: 'get_cached_smarter_admin_user_profile',
  input: NoInput,
  subject: () => ({ kind: 'platform-admin' }),
  value: UserProfile,
  key: () => 'platform-admin',
  async load({ db, platform: { accountNumber } }) {
    const { accountId, profile } = await selectPlatformAdminProfile(db, accountNumber);
    const value = profile && toUserProfile(profile);
    const memberTags = accountId === null ? [] : [`members:${accountId}`];
    const tags = [`account-number:${accountNumber}`, 'user-rights', ...memberTags];
    return { value, tags: value ? [...tags, ...rowTags(value)] : tags };
  },
  errors: ['no_platform_admin'],
  absent: noPlatformAdmin,
});

/** Null when the account is unknown; a null user when it has no admin. */
const FoundAdmin = z.object({ user: User.nullable() }).nullable();
type FoundAdmin = z.infer<typeof FoundAdmin>;

/** The account's admin: the user of its lowest-id profile whose user is staff or superuser. */
export const adminOfAccount: DefinedLookUp<'adminUser', typeof AccountInput.shape, User, FoundAdmin> = {
  name: 'adminUser',
  kind: countedAs('adminUser'),
  implements: 'get_cached_admin_user_for_account',
  input: AccountInput,
  subject: ({ accountNumber }) => ({ kind: 'account', accountNumber }),
  value: User,
  key: ({ accountNumber }) => `admin-of:${accountNumber}`,
  parse: FoundAdmin.parse,
  isAbsent: (found) => !found?.user,
  isPossible: ({ accountNumber }) => ACCOUNT_NUMBER.test(accountNumber),
  async load({ db }, { accountNumber }) {
    const { accountId, user } = await selectAdminOfAccount(db, accountNumber);
    const tags = [`account-number:${accountNumber}`];
    if (accountId === null) return { value: null, tags };
    tags.push(`members:${accountId}`, 'user-rights', ...(user ? [`user:${user.id}`] : []));
    return { value: { user: user && toUser(user) }, tags };
  },
  errors: ['account_does_not_exist', 'admin_user_does_not_exist'],
  answer: (found, { accountNumber }) => (found ?? noSuchAccount(accountNumber)).user ?? noAdminUser(),
};

/** Like `adminOfAccount`, but null for an account without an admin. */
export async function findAdminUserForAccount(
  deps: Deps,
  accountNumber: string,
  read?: ReadDemands,
): Promise<User | null> {
  const found = await find(deps, adminOfAccount, { accountNumber }, read);
  return (found ?? noSuchAccount(accountNumber)).user;
}

/**
 * The account's admin, created with its profile if there is none. Throws as `findAdminUserForAccount` does.
 * Implements `get_cached_admin_user_for_account`.
 */
export async function getCachedAdminUserForAccount(
  deps: Deps,
  writer: Writer,
  accountNumber: string,
  read?: ReadDemands,
): Promise<User> {
  const admin = await findAdminUserForAccount(deps, accountNumber, read);
  return admin ?? (await createAdminUser(deps, writer, accountNumber)).user;
}

export interface CreatedAdmin {
  readonly user: User;
  /** False when another request created the admin first. */
  readonly created: boolean;
  /** A token for reads that must see the user. */
  readonly token: Token;
}

/**
 * Creates the admin user and its profile unless the account has an admin; one batch and one invalidation. Throws `forbidden`
 * without the scope for rights.
 */
export async function createAdminUser(
  deps: Deps,
  writer: Writer,
  accountNumber: string,
): Promise<CreatedAdmin> {
  if (!writer.caller.isUnprivileged) requireScope(writer.caller, 'rights:write');
  const { accountId, user, created, tags } = await runOrThrow(deps, () =>
    createAdminUserRow(deps.db, authorOf(writer), accountNumber, deps.platform.rootDomain),
  );
  if (accountId === null) return unknownAccount();
  // Another transaction took the user's rights between two statements of the batch; the caller made no mistake.
  if (!user) throw new OriginUnavailable('the admin user was taken away meanwhile');
  // A faster request may not have invalidated yet, and the cached answer that there is no admin is known to be wrong.
  const token = await invalidate(deps.cache, created ? tags : [`members:${accountId}`]);
  return { user: toUser(user), created, token };
}
