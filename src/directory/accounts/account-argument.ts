import { ACCOUNT_NUMBER } from './account-number.ts';
import { unknownAccount } from '../absence.ts';
import { LookUpError } from '../errors.ts';

/** Throws `account_required` on an empty account number and `account_does_not_exist` on what cannot be one. */
export function requireAccountNumber(accountNumber: string): void {
  if (accountNumber === '') throw new LookUpError('account_required', 'accountNumber is required');
  if (!ACCOUNT_NUMBER.test(accountNumber)) unknownAccount();
}
