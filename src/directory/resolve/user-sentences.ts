import type { DeletedUser } from '../../db/reads/resolve.ts';
import type { Account } from '../accounts/accounts.ts';
import type { User } from '../users/users.ts';

export function sentencesOfRights({ id, username, isActive, isStaff, isSuperuser }: User): string[] {
  const rights = isSuperuser
    ? isStaff
      ? 'superuser and staff'
      : 'superuser'
    : isStaff
      ? 'staff'
      : 'neither staff nor superuser';
  return [
    `The user has the id ${id} and the username ${username}, is ${isActive ? 'active' : 'inactive'}, and is ${rights}.`,
    ...(isStaff || isSuperuser
      ? ['That is a right of the user, and makes the user a member of no account.']
      : []),
  ];
}

/** The end of a user, for a message. */
export function ofDeletion({ id, instant, actor, userId, username }: DeletedUser): string {
  return `user ${userId}, ${username}, was deleted at ${instant} by ${actor}; deletion ${id} can be restored`;
}

/** `isMore`: there are more memberships than are shown. */
export function sentenceOfMemberships(count: number, isMore: boolean): string {
  if (count === 0) return 'The user is a member of no account.';
  const number = isMore
    ? `more than ${count} accounts, of which the first are shown`
    : count === 1
      ? 'one account'
      : `${count} accounts`;
  return `The user is a member of ${number}.`;
}

/** The sentences of a bound caller, who sees one account. */
export const OF_BOUND_CALLER = 'The caller is bound to an account, and is shown its membership alone.';

export const ANSWER_NOT_SHOWN = 'The account that answers for the user is none that the caller sees.';

const numberOf = (answer: Account | null) => answer?.accountNumber ?? '';
const BY_USERNAME = "the username is that of the platform's admin, who always gets the platform's account";

/** By which rule an account answers for the user, and what would change that. */
export const RULES = {
  platform_admin: (answer: Account | null): string[] => [
    answer
      ? `The account ${numberOf(answer)} answers for the user: ${BY_USERNAME}.`
      : `No account answers for the user: ${BY_USERNAME}, and no account has the PLATFORM_ACCOUNT_NUMBER.`,
    'Only another username, or another setting of the platform, would change that.',
  ],
  default_account: (answer: Account | null): string[] => [
    `The account ${numberOf(answer)} answers for the user: it is the default account, and the user is a member of it, which counts before the lowest profile.`,
    'Another account would answer if the user left the default account, or if another account became the default one.',
  ],
  lowest_profile: (answer: Account | null): string[] => [
    `The account ${numberOf(answer)} answers for the user: the user is no member of the default account, and of the user's profiles that in this account has the lowest id.`,
    'Another account would answer if the user left this one, or became a member of the default account. A later membership of any other account changes nothing.',
  ],
  none: (): string[] => [
    'No account answers for the user.',
    'The first membership that the user gets would change that.',
  ],
} as const;
export type Rule = keyof typeof RULES;

export function sentenceOfOwnAdmin(userId: number, answer: Account, admin: User | null): string {
  const account = `the account ${answer.accountNumber}`;
  if (!admin) return `No user answers as the admin of ${account}: no member is staff or superuser.`;
  const rule = 'the lowest profile whose user is staff or superuser decides';
  if (admin.id === userId) return `The user answers as the admin of ${account}: ${rule}.`;
  return `User ${admin.id}, ${admin.username}, answers as the admin of ${account}, and not this user: ${rule}, whoever became admin later.`;
}
