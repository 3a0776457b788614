import * as z from 'zod';
import type { LookUp, ReadDemands } from '../../cache/look-up.ts';
import { OriginUnavailable } from '../../cache/errors.ts';
import { invalidate } from '../../cache/invalidate.ts';
import type { Token } from '../../cache/logical-time.ts';
import { readThrough } from '../../cache/read-through.ts';
import {
  createAdminUserRow,
  selectAdminOfAccount,
  selectPlatformAdminProfile,
} from '../../db/writes/admins.ts';
import { noPlatformAdmin, unknownAccount } from '../absence.ts';
import { requireAccountNumber } from './account-argument.ts';
import { requireScope, type Writer } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { rowTags, toUserProfile, UserProfile } from '../profiles/user-profile.ts';
import { toUser, User } from '../users/users.ts';
import { authorOf, runOrThrow } from '../write.ts';

/** Null when the account is unknown; a null user when it has no admin. */
const AdminOfAccount = z.object({ user: User.nullable() }).nullable();
type AdminOfAccount = z.infer<typeof AdminOfAccount>;

const parseUserProfile = UserProfile.nullable().parse;

/** The look-up of the platform admin's profile. */
export function platformAdmin(deps: Deps): LookUp<UserProfile | null> {
  return { key: 'platform-admin', parse: parseUserProfile, load: () => loadPlatformAdmin(deps) };
}

/**
 * The profile of the platform account's superuser with the lowest profile id; throws `no_platform_admin`.
 * Implements `get_cached_smarter_admin_user_profile`.
 */
export async function getCachedSmarterAdminUserProfile(deps: Deps, read?: ReadDemands): Promise<UserProfile> {
  const profile = await readThrough(deps.cache, platformAdmin(deps), read);
  return profile ?? noPlatformAdmin();
}

async function loadPlatformAdmin({ db, platform: { accountNumber } }: Deps) {
  const { accountId, profile } = await selectPlatformAdminProfile(db, accountNumber);
  const value = profile && toUserProfile(profile);
  const memberTags = accountId === null ? [] : [`members:${accountId}`];
  const tags = [
    `account-number:${accountNumber}`,
    'user-rights',
    ...memberTags,
    ...(value ? rowTags(value) : []),
  ];
  return { value, tags };
}

/** The look-up of an account's admin. */
export function adminOfAccount(deps: Deps, accountNumber: string): LookUp<AdminOfAccount> {
  return {
    key: `admin-of:${accountNumber}`,
    parse: AdminOfAccount.parse,
    isAbsent: (value) => !value?.user,
    load: () => loadAdmin(deps, accountNumber),
  };
}

/**
 * The account's admin: the user of its lowest-id profile whose user is staff or superuser; null when it has none.
 * Throws `account_required` on an empty argument and `account_does_not_exist` on an unknown one.
 */
export async function findAdminUserForAccount(
  deps: Deps,
  accountNumber: string,
  read?: ReadDemands,
): Promise<User | null> {
  requireAccountNumber(accountNumber);
  const admin = await readThrough(deps.cache, adminOfAccount(deps, accountNumber), read);
  return (admin ?? unknownAccount()).user;
}

async function loadAdmin({ db }: Deps, accountNumber: string) {
  const { accountId, user } = await selectAdminOfAccount(db, accountNumber);
  const tags = [`account-number:${accountNumber}`];
  if (accountId === null) return { value: null, tags };
  tags.push(`members:${accountId}`, 'user-rights', ...(user ? [`user:${user.id}`] : []));
  return { value: { user: user && toUser(user) }, tags };
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
  /** False when somebody else was faster. */
  readonly created: boolean;
  /** For reads that must see the user. */
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
  // Demoted by somebody else between two statements of the batch: nothing that the caller asked wrongly.
  if (!user) throw new OriginUnavailable('the admin user was taken away meanwhile');
  // Whoever was faster may not have invalidated yet, and the answer that there is no admin is known to be wrong.
  const token = await invalidate(deps.cache, created ? tags : [`members:${accountId}`]);
  return { user: toUser(user), created, token };
}
