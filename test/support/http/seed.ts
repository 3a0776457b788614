import { expect } from 'vitest';
import type { z } from 'zod';
import { Account } from '../../../src/directory/accounts/accounts.ts';
import { UserProfile } from '../../../src/directory/profiles/user-profile.ts';
import { User } from '../../../src/directory/users/users.ts';
import { UserList, UserProfileList } from '../../../src/http/routes/list-bodies.ts';

const time: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

function account(id: number, accountNumber: string, companyName: string, rest: object = {}) {
  return {
    id,
    accountNumber,
    companyName,
    isDefaultAccount: false,
    isActive: true,
    phoneNumber: '',
    address1: '',
    address2: '',
    city: '',
    state: '',
    postalCode: '',
    country: 'USA',
    language: 'EN',
    timezone: 'America/New_York',
    currency: 'USD',
    createdAt: time,
    updatedAt: time,
    revision: 1,
    externalId: null,
    metadata: {},
    ...rest,
  };
}

function user(id: number, username: string, rest: object = {}) {
  return {
    id,
    username,
    email: `${username}@example.com`,
    firstName: '',
    lastName: '',
    isActive: true,
    isStaff: false,
    isSuperuser: false,
    dateJoined: time,
    lastLogin: null,
    revision: 1,
    externalId: null,
    metadata: {},
    ...rest,
  };
}

function profile(id: number, ofUser: object, ofAccount: object) {
  const rest = {
    name: '',
    profileImageUrl: null,
    isTest: false,
    createdAt: time,
    updatedAt: time,
    revision: 1,
  };
  return { id, user: ofUser, account: ofAccount, ...rest };
}

/** The rows of the local seed as answers show them. */
export const smarter = account(1, '3141-5926-5359', 'Smarter', { isDefaultAccount: true });
export const stackademy = account(2, '1234-5678-9012', 'Stackademy');
export const empty = account(3, '2718-2818-2845', 'Empty Ltd');
export const dormant = account(4, '1618-0339-8874', 'Dormant Inc', { isActive: false });

export const admin = user(1, 'admin', { isStaff: true, isSuperuser: true });
export const staffUser = user(2, 'staff_user', { isStaff: true });
export const johndoe = user(3, 'johndoe');
export const janedoe = user(4, 'janedoe', { isStaff: true });
export const nomad = user(5, 'nomad');
export const both = user(6, 'both');
export const dormantDan = user(7, 'dormant_dan');

export const smarterProfiles = [
  profile(1, admin, smarter),
  profile(2, staffUser, smarter),
  profile(6, both, smarter),
];
export const stackademyProfiles = [
  profile(3, johndoe, stackademy),
  profile(4, janedoe, stackademy),
  profile(5, both, stackademy),
];
export const dormantProfiles = [profile(7, dormantDan, dormant)];

/** A look-up of every kind that has an answer in the seed. */
export const lookUps: readonly { path: string; schema: z.ZodObject; expected: object }[] = [
  { path: '/v1/users/3/account', schema: Account, expected: stackademy },
  { path: '/v1/accounts/1234-5678-9012/admin-user', schema: User, expected: janedoe },
  { path: '/v1/accounts/default', schema: Account, expected: smarter },
  { path: '/v1/platform/admin-profile', schema: UserProfile, expected: profile(1, admin, smarter) },
  { path: '/v1/users/3', schema: User, expected: johndoe },
  { path: '/v1/users/by-username/johndoe', schema: User, expected: johndoe },
  {
    path: '/v1/accounts/1234-5678-9012/user-profiles',
    schema: UserProfileList,
    expected: { items: stackademyProfiles, nextCursor: null },
  },
  {
    path: '/v1/accounts/1234-5678-9012/users',
    schema: UserList,
    expected: { items: [johndoe, janedoe, both], nextCursor: null },
  },
  {
    path: '/v1/user-profiles/3/valid-resource-owners',
    schema: UserProfileList,
    expected: { items: stackademyProfiles, nextCursor: null },
  },
  { path: '/v1/accounts/1234-5678-9012', schema: Account, expected: stackademy },
  { path: '/v1/user-profiles/3', schema: UserProfile, expected: profile(3, johndoe, stackademy) },
];
