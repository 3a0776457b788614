import * as z from 'zod';
import { type Caller, requireScope } from './caller.ts';
import type { Platform } from './deps.ts';
import { DateTime, Email, text } from './fields.ts';
import { NewUsername } from './username.ts';

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

/** Throws `forbidden` unless the caller may name a user so: whose name is the platform's admin's is its admin. */
export function requireName(caller: Caller, platform: Platform, username: string | undefined): void {
  if (username === platform.adminUsername) requireScope(caller, 'rights:write');
}

/** The time that the text spells, as rows have it. */
export function toTime(time: string | null | undefined): Date | null | undefined {
  return typeof time === 'string' ? new Date(time) : time;
}
