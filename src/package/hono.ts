export {
  accountContext,
  type AccountContextOptions,
  type AccountVariables,
  type Inactive,
  requireAccount,
  type Unavailable,
  type Unknown,
} from '../middleware/account-context.ts';
export type { AccountBinding } from '../middleware/find-account.ts';
