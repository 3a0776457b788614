import * as z from 'zod';
import type { OutOfReach } from '../../db/writes/protected-users.ts';
import { type Caller, requireScope } from '../caller.ts';
import type { Platform } from '../deps.ts';
import { RefusedError } from '../errors.ts';
import { Email } from './email.ts';
import { DateTime, text } from '../fields.ts';
import { NewExternalId } from '../other-systems.ts';
import { isSameUsername, NewUsername } from './username.ts';

const rights = { description: 'Needs the scope `rights:write`.' };

/** The fields of a user that callers may write, with the lengths of the original platform's forms. */
export const userFields = {
  username: NewUsername,
  email: Email,
  firstName: text(150),
  lastName: text(150),
  isActive: z.boolean(),
  isStaff: z.boolean().meta(rights),
  isSuperuser: z.boolean().meta(rights),
  lastLogin: DateTime.nullable(),
  externalId: NewExternalId.nullable(),
};

/**
 * Throws `forbidden` unless the caller may give a user platform-wide rights. A superuser has them, and so does the user with the
 * name of the platform's admin.
 */
export function requirePlatformRights(
  caller: Caller,
  platform: Platform,
  { username, isSuperuser }: { username?: string | undefined; isSuperuser?: boolean | undefined },
): void {
  // A name like the admin's is protected even before the admin exists.
  const isAdmins = username !== undefined && isSameUsername(username, platform.adminUsername);
  if (!isAdmins && !isSuperuser) return;
  requireScope(caller, 'rights:write');
  if (caller.accountNumber === null) return;
  throw new RefusedError('forbidden', 'a key bound to an account cannot grant platform-wide rights');
}

/** The users whose identity and memberships the caller may not change, because it could not give them their rights. */
export function outOfReachOf({ scopes, accountNumber }: Caller, platform: Platform): OutOfReach {
  const mayTouchStaff = scopes.has('rights:write');
  if (mayTouchStaff && accountNumber === null) return null;
  return { username: platform.adminUsername, withStaff: !mayTouchStaff };
}

/** The error of a write to a user that is out of the caller's reach. */
export function outOfReachError(): RefusedError {
  return new RefusedError(
    'forbidden',
    'this changes a user whose rights need the scope rights:write; a superuser or the platform admin also needs a caller that is bound to no account',
  );
}
