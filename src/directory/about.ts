import { ACCOUNT_NUMBER } from './accounts/account-number.ts';
import type { Subject } from './subject.ts';

/** The number of the account that the value is, names or belongs to; null if it says none. */
export function accountNumberIn(value: unknown): string | null {
  const { accountNumber, account } = Object(value) as Named;
  const named = accountNumber ?? (Object(account) as Named).accountNumber;
  return typeof named === 'string' && ACCOUNT_NUMBER.test(named) ? named : null;
}

interface Named {
  readonly accountNumber?: unknown;
  readonly account?: unknown;
}

/** The number of the account that the subject is; null for any other subject. */
export function accountNumberOf(subject: Subject | null): string | null {
  return subject?.kind === 'account' ? accountNumberIn(subject) : null;
}
