import type { ResolvedUser } from '../../src/shapes/resolved.ts';
import type { Style } from '../output/style.ts';
import { harmless } from '../output/text.ts';
import { titleOfUser } from '../users/columns.ts';

const BECAUSE: Readonly<Record<ResolvedUser['rule'], string>> = {
  platform_admin: 'because it is the admin of the platform',
  default_account: 'because it is a member of the default account',
  lowest_profile: 'by its lowest profile',
  none: '',
};

/** The lines about a user: the account that answers, and the other memberships. */
export function userLines({ user, accounts, answer, rule }: ResolvedUser, style: Style): string[] {
  const by = answer
    ? `answered by ${answer.accountNumber} ${answer.companyName}, ${BECAUSE[rule]}`
    : 'a member of no account';
  const others = accounts.filter(({ account }) => account.id !== answer?.id);
  return [
    `${style.bold(harmless(titleOfUser(user)))}   ${harmless(by)}`,
    ...others.map(({ userProfileId, account: { accountNumber, companyName } }) =>
      harmless(`  also a member of ${accountNumber} ${companyName} (profile ${userProfileId})`),
    ),
  ];
}
