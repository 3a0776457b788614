import * as z from 'zod';
import type { LookUp, ReadDemands } from '../../cache/look-up.ts';
import { readThrough } from '../../cache/read-through.ts';
import {
  isWhole,
  type ProfilesOfAccount,
  selectProfileById,
  selectProfilesOfAccount,
  selectProfilesSharingAccount,
} from '../../db/reads/profiles.ts';
import { unknownAccount, unknownUserProfile } from '../absence.ts';
import { requireAccountNumber } from '../accounts/account-argument.ts';
import { getCachedSmarterAdminUserProfile } from '../accounts/admins.ts';
import type { Deps } from '../deps.ts';
import { readSlice } from '../paged-read.ts';
import { cutPage, type Page, type Paged, pageKey, requireWhole, withOneMore } from '../page.ts';
import { toUserProfile, UserProfile } from './user-profile.ts';

const ProfileList = z.object({ items: z.array(UserProfile), nextAfterId: z.int().nullable() }).nullable();

const parseUserProfile = UserProfile.nullable().parse;

/** The look-up of a profile by id. */
export function userProfileById(deps: Deps, userProfileId: number): LookUp<UserProfile | null> {
  return {
    key: `profile:${userProfileId}`,
    parse: parseUserProfile,
    load: async () => {
      const row = await selectProfileById(deps.db, userProfileId);
      if (!row) return { value: null, tags: [`profile:${userProfileId}`] };
      const { id, userId, accountId } = row.profile;
      const tags = [`profile:${id}`, `user:${userId}`, `account:${accountId}`];
      return { value: isWhole(row) ? toUserProfile(row) : null, tags };
    },
  };
}

/** The profile with this id, with its user and account, or null. */
export function findUserProfile(
  deps: Deps,
  userProfileId: number,
  read?: ReadDemands,
): Promise<UserProfile | null> {
  return readThrough(deps.cache, userProfileById(deps, userProfileId), read);
}

/**
 * Every profile of the account, by id; `null` when it has none.
 * Throws `account_required` on an empty argument, `account_does_not_exist` on an unknown one, and `too_many_members`.
 * Implements `get_user_profiles_for_account`.
 */
export async function getUserProfilesForAccount(
  deps: Deps,
  accountNumber: string,
  read?: ReadDemands,
): Promise<readonly UserProfile[] | null> {
  const list = listUserProfilesForAccount(deps, accountNumber, undefined, read);
  const items = await requireWhole(list, 'listUserProfilesForAccount');
  return items.length > 0 ? items : null;
}

/** Names the list in its cursors and its keys. */
export function nameOfProfileList(accountNumber: string): string {
  return `profiles-of:${accountNumber}`;
}

/** The look-up of a page of an account's profiles; null when the account is unknown. */
export function userProfilesOfAccount(
  deps: Deps,
  accountNumber: string,
  page: Page | undefined,
): LookUp<Paged<UserProfile> | null> {
  return {
    key: `${nameOfProfileList(accountNumber)}:${pageKey(page)}`,
    parse: ProfileList.parse,
    load: async () => {
      const found = await selectProfilesOfAccount(deps.db, accountNumber, withOneMore(page));
      return toList(`account-number:${accountNumber}`, found, page);
    },
  };
}

/** As `getUserProfilesForAccount`, a page at a time; no items when there are none. */
export async function listUserProfilesForAccount(
  deps: Deps,
  accountNumber: string,
  page: Page | undefined,
  read?: ReadDemands,
): Promise<Paged<UserProfile>> {
  requireAccountNumber(accountNumber);
  const list = await readSlice(deps, userProfilesOfAccount(deps, accountNumber, page), page, read);
  return list ?? unknownAccount();
}

/**
 * Who may own a user's resources: every profile of the account that the profile belongs to, by id; for `null`, the
 * platform admin's profile alone. Throws `user_profile_does_not_exist`, `too_many_members`, and for `null`
 * `no_platform_admin`.
 * Implements `valid_resource_owners_for_user`.
 */
export async function validResourceOwnersForUser(
  deps: Deps,
  userProfileId: number | null,
  read?: ReadDemands,
): Promise<readonly UserProfile[]> {
  if (userProfileId === null) return [await getCachedSmarterAdminUserProfile(deps, read)];
  const list = listValidResourceOwners(deps, userProfileId, undefined, read);
  return requireWhole(list, 'listValidResourceOwners');
}

/** Names the list in its cursors and its keys. */
export function nameOfOwnerList(userProfileId: number): string {
  return `owners-for:${userProfileId}`;
}

/** Each member has a list of all members: only short ones may be shared, for together they grow with the square. */
const MAX_SHARED_OWNERS = 20;

/** The look-up of a page of who may own a profile's resources; null when there is no such profile. */
export function validResourceOwners(
  deps: Deps,
  userProfileId: number,
  page: Page | undefined,
): LookUp<Paged<UserProfile> | null> {
  return {
    key: `${nameOfOwnerList(userProfileId)}:${pageKey(page)}`,
    parse: ProfileList.parse,
    isShared: (list) => !list || (list.nextAfterId === null && list.items.length <= MAX_SHARED_OWNERS),
    load: async () => {
      const found = await selectProfilesSharingAccount(deps.db, userProfileId, withOneMore(page));
      return toList(`profile:${userProfileId}`, found, page);
    },
  };
}

/** As `validResourceOwnersForUser`, a page at a time. */
export async function listValidResourceOwners(
  deps: Deps,
  userProfileId: number,
  page: Page | undefined,
  read?: ReadDemands,
): Promise<Paged<UserProfile>> {
  const list = await readSlice(deps, validResourceOwners(deps, userProfileId, page), page, read);
  if (!list) unknownUserProfile();
  return list;
}

// Every change of a profile emits its account's `members`, so the rows' own `profile` tags would add nothing.
function toList(
  askedTag: string,
  { accountId, missingAccountId, profiles }: ProfilesOfAccount,
  page: Page | undefined,
) {
  if (missingAccountId !== undefined) return { value: null, tags: [askedTag, `account:${missingAccountId}`] };
  if (accountId === null) return { value: null, tags: [askedTag] };
  const rows = profiles.map((found) => ({ id: found.profile.id, found }));
  const { items, nextAfterId } = cutPage(rows, page);
  const userTags = items.map(({ found }) => `user:${found.profile.userId}`);
  const value = {
    items: items.flatMap(({ found }) => (isWhole(found) ? [toUserProfile(found)] : [])),
    nextAfterId,
  };
  return { value, tags: [askedTag, `account:${accountId}`, `members:${accountId}`, ...userTags] };
}
