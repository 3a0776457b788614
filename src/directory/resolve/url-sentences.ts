import type { Account } from '../accounts/accounts.ts';
import type { AccountNumberReason } from '../accounts/explain-account-number.ts';
import type { User } from '../users/users.ts';

/** Why a URL names no account, and what would change that. */
export const NO_NUMBER: Readonly<Record<Exclude<AccountNumberReason, 'found'>, string>> = {
  no_http_url:
    'The text is no http or https URL and no host, or its host begins too far from its start to be read.',
  ip_address:
    'The host is an IP address, which has no labels. Look at the Host header that the proxy in front sends.',
  no_account_label:
    'No label of the host has the form of an account number, dddd-dddd-dddd. A number in the path does not count.',
  two_account_labels:
    'Two labels of the host are account numbers, and the service does not choose between them.',
  outside_suffixes:
    'The host has an account number, but not directly left of one of ACCOUNT_HOST_SUFFIXES. Another host or another setting would be read.',
};

export function sentenceOfNumber(accountNumber: string): string {
  return `The host names the account ${accountNumber}: exactly one of its labels is an account number.`;
}

export const NEVER = 'No account has this number, and no account that was deleted had it.';

export function sentenceOfState({ id, companyName, isActive }: Account): string {
  const account = `The account has the id ${id} and the name ${companyName}`;
  if (isActive) return `${account}, and is active.`;
  return `${account}, and is inactive. The service answers it with isActive false, and the program behind the host decides what that means.`;
}

/** When and by whom the account was deleted; null: that is not known, or not shown. */
export function sentencesOfDeletion(
  id: number,
  {
    at,
    by,
    deletionId,
  }: { readonly at: string; readonly by: string | null; readonly deletionId: number | null },
  requestId: string | null,
): string[] {
  const request = requestId === null ? '' : ` in the request ${requestId}`;
  const who = by === null ? 'a writer whom the audit log does not name' : by;
  return [
    `The account had the id ${id}, and was deleted at ${at} by ${who}${request}.`,
    'No other account can get the number. The account comes back only under its id and its number.',
    deletionId === null
      ? 'What was deleted is kept no longer, so that nothing can be restored.'
      : `POST /v1/deletions/${deletionId}/restore brings it back.`,
  ];
}

export function sentencesOfAdmin(admin: { userProfileId: number; user: User } | null): string[] {
  if (!admin) {
    return [
      'No user answers as the admin of the account: no member is staff or superuser.',
      'A member who becomes staff, or PUT of its admin-user, would change that.',
    ];
  }
  const { user, userProfileId } = admin;
  const inactive = user.isActive ? '' : ' The user is inactive, which does not count here.';
  return [
    `User ${user.id}, ${user.username}, answers as the admin of the account: of the profiles whose user is staff or superuser, profile ${userProfileId} has the lowest id.${inactive}`,
    'A second admin does not replace the first. That changes only when the user leaves the account or is neither staff nor superuser any more.',
  ];
}

/** What the last changes are; undefined: the caller may not see them. */
export function sentenceOfChanges(count: number | undefined): string {
  if (count === undefined)
    return 'The last changes of the account are left out: they need the scope audit:read.';
  if (count === 0) return 'The audit log has no change of the account.';
  return `The audit log has the last ${count === 1 ? 'change' : `${count} changes`} of the account itself, newest first.`;
}
