import { ACCOUNT_NUMBER } from './accounts/account-number.ts';
import type { Subject } from './subject.ts';

/** A longer text is not looked into: whoever sent it may have no right to call. */
const NUMBER_LENGTH = '1234-5678-9012'.length;

/** The number of the account that the value is, names or belongs to; null if it says none. */
export function accountNumberIn(value: unknown): string | null {
  const { accountNumber, account } = Object(value) as Named;
  const named = accountNumber ?? (Object(account) as Named).accountNumber;
  return typeof named === 'string' && named.length === NUMBER_LENGTH && ACCOUNT_NUMBER.test(named)
    ? named
    : null;
}

interface Named {
  readonly accountNumber?: unknown;
  readonly account?: unknown;
}

/** The number of the account that the subject is; null for any other subject. */
export function accountNumberOf(subject: Subject | null): string | null {
  return subject?.kind === 'account' ? accountNumberIn(subject) : null;
}
