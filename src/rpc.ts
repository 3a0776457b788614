import { WorkerEntrypoint } from 'cloudflare:workers';
import { accountNumberFromUrl } from './account-number.ts';
import { settingsOf } from './deps.ts';
import {
  type Account,
  findAccount,
  getCachedAccountForUser,
  getCachedDefaultAccount,
} from './directory/accounts.ts';
import { getCachedAdminUserForAccount, getCachedSmarterAdminUserProfile } from './directory/admins.ts';
import {
  findUserProfile,
  getUserProfilesForAccount,
  validResourceOwnersForUser,
} from './directory/profiles.ts';
import type { UserProfile } from './directory/user-profile.ts';
import {
  getCachedUserForUserId,
  getCachedUserForUsername,
  getUsersForAccount,
  type User,
} from './directory/users.ts';
import { accountNumberArgument, answer, idArgument, idOrNullArgument, usernameArgument } from './rpc-call.ts';
import type { RpcOptions } from './rpc-call.ts';

/**
 * The ten look-ups, and the two entities that they return, for other Workers, over a service binding with `entrypoint = "AccountDirectory"`.
 * Rejections carry `code` and a message that names the argument, and nothing else.
 */
export class AccountDirectory extends WorkerEntrypoint<Env> {
  /** Never throws, whatever it is given. */
  accountNumberFromUrl(url: string, _options?: RpcOptions): string | null {
    return accountNumberFromUrl(url, settingsOf(this.env).ACCOUNT_HOST_SUFFIXES);
  }

  /** The account with this number, active or not, or null. */
  getAccount(accountNumber: string, options?: RpcOptions): Promise<Account | null> {
    return answer(this.env, this.ctx, options, (deps, read) =>
      findAccount(deps, accountNumberArgument(accountNumber), read),
    );
  }

  /** The profile with this id, with its user and account, or null. */
  getUserProfile(userProfileId: number, options?: RpcOptions): Promise<UserProfile | null> {
    return answer(this.env, this.ctx, options, (deps, read) =>
      findUserProfile(deps, idArgument('userProfileId', userProfileId), read),
    );
  }

  getCachedAccountForUser(userId: number, options?: RpcOptions): Promise<Account | null> {
    return answer(this.env, this.ctx, options, (deps, read) =>
      getCachedAccountForUser(deps, idArgument('userId', userId), read),
    );
  }

  getCachedAdminUserForAccount(accountNumber: string, options?: RpcOptions): Promise<User> {
    return answer(this.env, this.ctx, options, (deps, read) =>
      getCachedAdminUserForAccount(deps, accountNumberArgument(accountNumber), read),
    );
  }

  getCachedDefaultAccount(options?: RpcOptions): Promise<Account> {
    return answer(this.env, this.ctx, options, getCachedDefaultAccount);
  }

  getCachedSmarterAdminUserProfile(options?: RpcOptions): Promise<UserProfile> {
    return answer(this.env, this.ctx, options, getCachedSmarterAdminUserProfile);
  }

  getCachedUserForUserId(userId: number, options?: RpcOptions): Promise<User | null> {
    return answer(this.env, this.ctx, options, (deps, read) =>
      getCachedUserForUserId(deps, idArgument('userId', userId), read),
    );
  }

  getCachedUserForUsername(username: string, options?: RpcOptions): Promise<User> {
    return answer(this.env, this.ctx, options, (deps, read) =>
      getCachedUserForUsername(deps, usernameArgument(username), read),
    );
  }

  getUserProfilesForAccount(
    accountNumber: string,
    options?: RpcOptions,
  ): Promise<readonly UserProfile[] | null> {
    return answer(this.env, this.ctx, options, (deps, read) =>
      getUserProfilesForAccount(deps, accountNumberArgument(accountNumber), read),
    );
  }

  getUsersForAccount(accountNumber: string, options?: RpcOptions): Promise<readonly User[]> {
    return answer(this.env, this.ctx, options, (deps, read) =>
      getUsersForAccount(deps, accountNumberArgument(accountNumber), read),
    );
  }

  validResourceOwnersForUser(
    userProfileId: number | null,
    options?: RpcOptions,
  ): Promise<readonly UserProfile[]> {
    return answer(this.env, this.ctx, options, (deps, read) =>
      validResourceOwnersForUser(deps, idOrNullArgument('userProfileId', userProfileId), read),
    );
  }
}
