import * as z from 'zod';
import { ApiKey } from '../../directory/keys/keys.ts';
import { Account, AccountOfUser } from '../../directory/accounts/accounts.ts';
import { AuditEntry } from '../../directory/audit.ts';
import { UserProfile } from '../../directory/profiles/user-profile.ts';
import { User } from '../../directory/users/users.ts';

const nextCursor = z
  .string()
  .nullable()
  .meta({ description: '`cursor` of the next page; null on the last one.' });

/** The body of a page of a list. */
export function pageOf<T extends z.ZodType>(id: string, item: T) {
  return z.object({ items: z.array(item), nextCursor }).meta({ id });
}

/** The bodies of a page of a list. */
export const AccountList = z.object({ items: z.array(Account), nextCursor }).meta({ id: 'AccountList' });
export const AccountOfUserList = z
  .object({ items: z.array(AccountOfUser), nextCursor })
  .meta({ id: 'AccountOfUserList' });
export const UserList = z.object({ items: z.array(User), nextCursor }).meta({ id: 'UserList' });
export const UserProfileList = z
  .object({ items: z.array(UserProfile), nextCursor })
  .meta({ id: 'UserProfileList' });
export const ApiKeyList = z.object({ items: z.array(ApiKey), nextCursor }).meta({ id: 'ApiKeyList' });
export const AuditLog = z.object({ items: z.array(AuditEntry), nextCursor }).meta({ id: 'AuditLog' });
