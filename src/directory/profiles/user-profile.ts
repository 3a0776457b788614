import * as z from 'zod';
import type { ProfileRow } from '../../db/reads/profiles.ts';
import { Account, toAccount } from '../accounts/accounts.ts';
import { toUser, User } from '../users/users.ts';

export const UserProfile = z
  .object({
    id: z.int().positive(),
    name: z.string(),
    user: User,
    account: Account,
    profileImageUrl: z.string().nullable(),
    isTest: z.boolean(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    revision: z.int().positive().meta({ description: 'Raised by every change of the row.' }),
  })
  .meta({ id: 'UserProfile' });
export type UserProfile = z.infer<typeof UserProfile>;

export function toUserProfile({ profile, user, account }: ProfileRow): UserProfile {
  return {
    id: profile.id,
    name: profile.name,
    user: toUser(user),
    account: toAccount(account),
    profileImageUrl: profile.profileImageUrl,
    isTest: profile.isTest,
    createdAt: profile.createdAt.toISOString(),
    updatedAt: profile.updatedAt.toISOString(),
    revision: profile.revision,
  };
}

/** The tags of the rows that a profile is shown with. */
export function rowTags({ id, user, account }: UserProfile): string[] {
  return [`profile:${id}`, `user:${user.id}`, `account:${account.id}`];
}
