import * as z from 'zod';
import { ApiKey } from '../directory/keys.ts';
import { UserProfile } from '../directory/user-profile.ts';
import { User } from '../directory/users.ts';

const nextCursor = z
  .string()
  .nullable()
  .meta({ description: '`cursor` of the next page; null on the last one.' });

/** The bodies of a page of a list. */
export const UserList = z.object({ items: z.array(User), nextCursor }).meta({ id: 'UserList' });
export const UserProfileList = z
  .object({ items: z.array(UserProfile), nextCursor })
  .meta({ id: 'UserProfileList' });
export const ApiKeyList = z.object({ items: z.array(ApiKey), nextCursor }).meta({ id: 'ApiKeyList' });
