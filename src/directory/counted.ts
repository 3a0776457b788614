/** The kinds of look-ups that are counted apart. Their positions name counters in Redis: new ones go to the end. */
export const COUNTED = [
  'account',
  'defaultAccount',
  'accountForUser',
  'accountsOfUser',
  'adminUser',
  'platformAdminProfile',
  'user',
  'userByUsername',
  'usersOfAccount',
  'userProfile',
  'userProfilesOfAccount',
  'validResourceOwners',
  'apiKey',
  'accountState',
  'membership',
  'accountByExternalId',
  'userByExternalId',
] as const;
export type Counted = (typeof COUNTED)[number];

export function countedAs(kind: Counted): number {
  return COUNTED.indexOf(kind);
}
