export {
  accountContext,
  type AccountContextOptions,
  type AccountVariables,
  type DirectoryOutage,
  type InactiveAccount,
  requireAccount,
  type UnknownAccount,
} from '../middleware/account-context.ts';
export type { AccountBinding } from '../middleware/find-account.ts';
