import * as z from 'zod';
import { ACCOUNT_NUMBER } from '../accounts/account-number.ts';
import type { ReadDemands } from '../../cache/look-up.ts';
import {
  noAccountForUser,
  noAdminUser,
  unknownAccount,
  unknownUser,
  unknownUserProfile,
} from '../absence.ts';
import {
  type Account,
  findAccount,
  getCachedAccountForUser,
  getCachedDefaultAccount,
} from '../accounts/accounts.ts';
import { findAdminUserForAccount, getCachedSmarterAdminUserProfile } from '../accounts/admins.ts';
import type { Deps } from '../deps.ts';
import { findUserProfile } from '../profiles/profiles.ts';
import type { UserProfile } from '../profiles/user-profile.ts';
import { getCachedUserForUserId, getCachedUserForUsername, type User, Username } from '../users/users.ts';
import type { Subject } from '../visibility.ts';

const id = z.int('must be a positive whole number below 2^53').positive('must be positive');
const accountNumber = z
  .string()
  .regex(ACCOUNT_NUMBER, 'must be like 1234-5678-9012')
  .meta({ example: '3141-5926-5359' });

/** A question for one account, user or user profile. */
export const EntityLookUp = z
  .discriminatedUnion('lookUp', [
    z.strictObject({ lookUp: z.literal('user'), userId: id }),
    z.strictObject({ lookUp: z.literal('userByUsername'), username: Username }),
    z.strictObject({ lookUp: z.literal('account'), accountNumber }),
    z.strictObject({ lookUp: z.literal('defaultAccount') }),
    z.strictObject({ lookUp: z.literal('accountForUser'), userId: id }),
    z.strictObject({ lookUp: z.literal('userProfile'), userProfileId: id }),
    z.strictObject({ lookUp: z.literal('platformAdminProfile') }),
    z.strictObject({ lookUp: z.literal('adminUser'), accountNumber }),
  ])
  .meta({ id: 'EntityLookUp' });
export type EntityLookUp = z.infer<typeof EntityLookUp>;

export type Entity = Account | User | UserProfile;

/** A look-up of one entity: what it is about, and the verb that answers it. */
export interface EntityVerb {
  readonly subject: Subject;
  /** Throws a `LookUpError` when there is none. */
  find(deps: Deps, read: ReadDemands): Promise<Entity>;
}

/** The verb that the question asks for. The admin user is looked up and never created. */
// oxlint-disable-next-line consistent-return -- every kind returns
export function verbOf(asked: EntityLookUp): EntityVerb {
  switch (asked.lookUp) {
    case 'user':
      return {
        subject: { kind: 'user', userId: asked.userId },
        find: async (deps, read) =>
          (await getCachedUserForUserId(deps, asked.userId, read)) ?? unknownUser('userId'),
      };
    case 'userByUsername':
      return {
        subject: { kind: 'username', username: asked.username },
        find: (deps, read) => getCachedUserForUsername(deps, asked.username, read),
      };
    case 'account':
      return {
        subject: { kind: 'account', accountNumber: asked.accountNumber },
        find: async (deps, read) => (await findAccount(deps, asked.accountNumber, read)) ?? unknownAccount(),
      };
    case 'defaultAccount':
      return { subject: { kind: 'default-account' }, find: getCachedDefaultAccount };
    case 'accountForUser':
      return {
        subject: { kind: 'account-of-user', userId: asked.userId },
        find: async (deps, read) =>
          (await getCachedAccountForUser(deps, asked.userId, read)) ?? noAccountForUser(),
      };
    case 'userProfile':
      return {
        subject: { kind: 'user-profile', userProfileId: asked.userProfileId },
        find: async (deps, read) =>
          (await findUserProfile(deps, asked.userProfileId, read)) ?? unknownUserProfile(),
      };
    case 'platformAdminProfile':
      return { subject: { kind: 'platform-admin' }, find: getCachedSmarterAdminUserProfile };
    case 'adminUser':
      return {
        subject: { kind: 'account', accountNumber: asked.accountNumber },
        find: async (deps, read) =>
          (await findAdminUserForAccount(deps, asked.accountNumber, read)) ?? noAdminUser(),
      };
  }
}
