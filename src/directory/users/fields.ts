import * as z from 'zod';
import type { OutOfReach } from '../../db/writes/out-of-reach.ts';
import { type Caller, requireScope } from '../caller.ts';
import type { Platform } from '../deps.ts';
import { RefusedError } from '../errors.ts';
import { Email } from './email.ts';
import { DateTime, text } from '../fields.ts';
import { isSameUsername, NewUsername } from './username.ts';

const rights = { description: 'Needs the scope `rights:write`.' };

/** What callers may write of a user; lengths are those of the original platform's forms. */
export const userFields = {
  username: NewUsername,
  email: Email,
  firstName: text(150),
  lastName: text(150),
  isActive: z.boolean(),
  isStaff: z.boolean().meta(rights),
  isSuperuser: z.boolean().meta(rights),
  lastLogin: DateTime.nullable(),
};

/**
 * Throws `forbidden` unless the caller may give a user what reaches beyond any account: to a superuser, and to whoever has the
 * name of the platform's admin, the platform's account belongs.
 */
export function requirePlatformRights(
  caller: Caller,
  platform: Platform,
  { username, isSuperuser }: { username?: string | undefined; isSuperuser?: boolean | undefined },
): void {
  // Nobody takes the admin's name before the admin does.
  const isAdmins = username !== undefined && isSameUsername(username, platform.adminUsername);
  if (!isAdmins && !isSuperuser) return;
  requireScope(caller, 'rights:write');
  if (caller.accountNumber === null) return;
  throw new RefusedError('forbidden', 'who is bound to an account cannot give rights over others');
}

/** Users whose identity and memberships are not the caller's to touch: those whose rights the caller could not give. */
export function outOfReachOf({ scopes, accountNumber }: Caller, platform: Platform): OutOfReach {
  const mayTouchStaff = scopes.has('rights:write');
  if (mayTouchStaff && accountNumber === null) return null;
  return { username: platform.adminUsername, withStaff: !mayTouchStaff };
}

/** The error of a write to such a user. */
export function refuseOutOfReach(): RefusedError {
  return new RefusedError(
    'forbidden',
    'this concerns a user with rights that need rights:write, and those of the platform no account',
  );
}
