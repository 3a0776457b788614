import type { Account } from './account.ts';
import type { UserProfile } from './user-profile.ts';
import type { User } from './user.ts';

export type Entity = Account | User | UserProfile;

/** A question for one account, user or user profile. An admin user is looked up and never created. */
export type EntityLookUp =
  | { readonly lookUp: 'user'; readonly userId: number }
  | { readonly lookUp: 'userByUsername'; readonly username: string }
  | { readonly lookUp: 'userByExternalId'; readonly externalId: string }
  | { readonly lookUp: 'accountByExternalId'; readonly externalId: string }
  | { readonly lookUp: 'account'; readonly accountNumber: string }
  | { readonly lookUp: 'defaultAccount' }
  | { readonly lookUp: 'accountForUser'; readonly userId: number }
  | { readonly lookUp: 'userProfile'; readonly userProfileId: number }
  | { readonly lookUp: 'platformAdminProfile' }
  | { readonly lookUp: 'adminUser'; readonly accountNumber: string };
