import {
  isWhole,
  type ProfilesOfAccount,
  selectProfileById,
  selectProfilesOfAccount,
  selectProfilesSharingAccount,
} from '../../db/reads/profiles.ts';
import { noSuchAccount, unknownUserProfile } from '../absence.ts';
import { ACCOUNT_NUMBER } from '../accounts/account-number.ts';
import { AccountInput, UserProfileInput } from '../inputs.ts';
import { defineList, tooManyMembers } from '../list.ts';
import { defineLookUp } from '../look-up.ts';
import { cutPage, type Page, withOneMore } from '../page.ts';
import { toUserProfile, UserProfile } from './user-profile.ts';

/** A profile by id, with its user and account. */
export const userProfileById = defineLookUp({
  name: 'userProfile',
  input: UserProfileInput,
  subject: ({ userProfileId }) => ({ kind: 'user-profile', userProfileId }),
  value: UserProfile,
  key: ({ userProfileId }) => `profile:${userProfileId}`,
  async load({ db }, { userProfileId }) {
    const row = await selectProfileById(db, userProfileId);
    if (!row) return { value: null, tags: [`profile:${userProfileId}`] };
    const { id, userId, accountId } = row.profile;
    const tags = [`profile:${id}`, `user:${userId}`, `account:${accountId}`];
    return { value: isWhole(row) ? toUserProfile(row) : null, tags };
  },
  errors: ['user_profile_does_not_exist'],
  absent: unknownUserProfile,
});

/** Every profile of the account, by id. */
export const userProfilesOfAccount = defineList({
  name: 'userProfilesOfAccount',
  implements: 'get_user_profiles_for_account',
  input: AccountInput,
  subject: ({ accountNumber }) => ({ kind: 'account', accountNumber }),
  item: UserProfile,
  nameOf: ({ accountNumber }) => `profiles-of:${accountNumber}`,
  isPossible: ({ accountNumber }) => ACCOUNT_NUMBER.test(accountNumber),
  async load({ db }, { input: { accountNumber }, page }) {
    const found = await selectProfilesOfAccount(db, accountNumber, withOneMore(page));
    return toList(`account-number:${accountNumber}`, found, page);
  },
  errors: ['account_does_not_exist'],
  absent: ({ accountNumber }) => noSuchAccount(accountNumber),
  tooMany: tooManyMembers('listUserProfilesForAccount'),
});

/** Each member has a list of all members: only short ones may be shared, for together they grow with the square. */
const MAX_SHARED_OWNERS = 20;

/** The profiles that may own a user's resources: every one of the account that the profile belongs to, by id. */
export const validResourceOwners = defineList({
  name: 'validResourceOwners',
  implements: 'valid_resource_owners_for_user',
  input: UserProfileInput,
  subject: ({ userProfileId }) => ({ kind: 'user-profile', userProfileId }),
  item: UserProfile,
  nameOf: ({ userProfileId }) => `owners-for:${userProfileId}`,
  isShared: (list) => !list || (list.nextAfterId === null && list.items.length <= MAX_SHARED_OWNERS),
  async load({ db }, { input: { userProfileId }, page }) {
    const found = await selectProfilesSharingAccount(db, userProfileId, withOneMore(page));
    return toList(`profile:${userProfileId}`, found, page);
  },
  errors: ['user_profile_does_not_exist'],
  absent: unknownUserProfile,
  tooMany: tooManyMembers('listValidResourceOwners'),
});

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
