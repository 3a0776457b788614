import type { UserProfile } from '../../src/shapes/user-profile.ts';
import type { Column } from '../output/table.ts';

export const profileColumns: readonly Column<UserProfile>[] = [
  { title: 'id', of: ({ id }) => id },
  { title: 'name', of: ({ name }) => name },
  { title: 'user', of: ({ user }) => user.username },
  { title: 'account', of: ({ account }) => account.accountNumber },
  { title: 'company', of: ({ account }) => account.companyName },
];

/** A profile on one line. */
export function titleOfProfile({ id, user, account }: UserProfile): string {
  return `${user.username} in ${account.companyName} (profile ${id})`;
}

/** A profile with its user and its account in a few words. */
export function toShownProfile({ user, account, ...profile }: UserProfile): object {
  return {
    ...profile,
    user: `${user.username} (user ${user.id})`,
    account: `${account.accountNumber} ${account.companyName}`,
  };
}
