import { LookUpError } from './errors.ts';

// Each absence has one wording: what a caller may not see answers exactly as what is not there.

export function accountDoesNotExist(name: 'accountNumber' | 'externalId' = 'accountNumber'): LookUpError {
  return new LookUpError('account_does_not_exist', `no account has this ${name}`);
}

export function unknownAccount(): never {
  throw accountDoesNotExist();
}

export function unknownExternalAccount(): never {
  throw accountDoesNotExist('externalId');
}

/** Like `unknownAccount`, with a code of its own for a missing number, which only a caller over RPC can leave out. */
export function noSuchAccount(accountNumber: string): never {
  if (accountNumber === '') throw new LookUpError('account_required', 'accountNumber is required');
  return unknownAccount();
}

type NameOfUser = 'userId' | 'username' | 'externalId';

export function userDoesNotExist(name: NameOfUser): LookUpError {
  return new LookUpError('user_does_not_exist', `no user has this ${name}`);
}

export function unknownUser(name: NameOfUser): never {
  throw userDoesNotExist(name);
}

export function unknownUserProfile(): never {
  throw new LookUpError('user_profile_does_not_exist', 'no user profile has this userProfileId');
}

export function unknownKey(): never {
  throw new LookUpError('key_does_not_exist', 'no key has this keyId');
}

export function noAccountForUser(): never {
  throw new LookUpError('no_account_for_user', 'the user is unknown or a member of no account');
}

export function noAdminUser(): never {
  throw new LookUpError('admin_user_does_not_exist', 'no staff or superuser is a member');
}

export function noDefaultAccount(): never {
  throw new LookUpError('no_default_account', 'no account is the default account');
}

export function noPlatformAdmin(): never {
  throw new LookUpError('no_platform_admin', 'the platform account has no superuser');
}

export function unknownDeletion(): never {
  throw new LookUpError('deletion_does_not_exist', 'no deletion has this deletionId');
}
