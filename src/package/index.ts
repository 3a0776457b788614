export { ACCOUNT_NUMBER, accountNumberFromUrl } from '../directory/accounts/account-number.ts';
export {
  type AccountNumberReason,
  type ExplainedAccountNumber,
  explainAccountNumber,
} from '../directory/accounts/explain-account-number.ts';
export { type ApiKeyParts, parseApiKey } from '../directory/keys/api-key.ts';
export type { Account, AccountOfUser } from '../shapes/account.ts';
export type { ErrorCode } from '../shapes/error-code.ts';
export type { UserProfile } from '../shapes/user-profile.ts';
export type { User } from '../shapes/user.ts';
