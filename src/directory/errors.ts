/** Codes that callers may rely on. */
export type LookUpCode =
  | 'account_does_not_exist'
  | 'account_required'
  | 'admin_user_does_not_exist'
  | 'no_account_for_user'
  | 'no_default_account'
  | 'no_platform_admin'
  | 'user_does_not_exist'
  | 'user_profile_does_not_exist';

/** What was asked for is proven absent; never thrown for an outage. */
export class LookUpError extends Error {
  override readonly name = 'LookUpError';
  readonly code: LookUpCode;

  constructor(code: LookUpCode, message: string) {
    super(message);
    this.code = code;
  }
}
