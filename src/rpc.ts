import { WorkerEntrypoint } from 'cloudflare:workers';
import { accountNumberFromUrl } from './account-number.ts';
import { settingsOf } from './deps.ts';
import type { AccountChanges, NewAccount } from './directory/account-changes.ts';
import type { Account } from './directory/accounts.ts';
import type { Deletion } from './directory/deletion.ts';
import type { UserProfile } from './directory/user-profile.ts';
import type { User } from './directory/users.ts';
import type { RpcOptions } from './rpc-call.ts';
import * as lookUps from './rpc-look-ups.ts';
import * as writes from './rpc-writes.ts';
import type { ChangeOptions, CreateOptions, DeleteOptions, RpcWritten } from './rpc-writes.ts';

/**
 * The ten look-ups, the two entities that they return, and their changes, for other Workers, over a service binding with
 * `entrypoint = "AccountDirectory"`. The binding's `props` say what its Worker may do; without any it may read.
 * Rejections carry `code` and a message that names the argument, and nothing else.
 */
export class AccountDirectory extends WorkerEntrypoint<Env> {
  /** Never throws, whatever it is given. */
  accountNumberFromUrl(url: string, _options?: RpcOptions): string | null {
    return accountNumberFromUrl(url, settingsOf(this.env).ACCOUNT_HOST_SUFFIXES);
  }

  /** The account with this number, active or not, or null. */
  getAccount(accountNumber: string, options?: RpcOptions): Promise<Account | null> {
    return lookUps.account(this.env, this.ctx, { accountNumber }, options);
  }

  /** The profile with this id, with its user and account, or null. */
  getUserProfile(userProfileId: number, options?: RpcOptions): Promise<UserProfile | null> {
    return lookUps.userProfile(this.env, this.ctx, { userProfileId }, options);
  }

  getCachedAccountForUser(userId: number, options?: RpcOptions): Promise<Account | null> {
    return lookUps.cachedAccountForUser(this.env, this.ctx, { userId }, options);
  }

  getCachedAdminUserForAccount(accountNumber: string, options?: RpcOptions): Promise<User> {
    return lookUps.cachedAdminUserForAccount(this.env, this.ctx, { accountNumber }, options);
  }

  getCachedDefaultAccount(options?: RpcOptions): Promise<Account> {
    return lookUps.cachedDefaultAccount(this.env, this.ctx, {}, options);
  }

  getCachedSmarterAdminUserProfile(options?: RpcOptions): Promise<UserProfile> {
    return lookUps.cachedSmarterAdminUserProfile(this.env, this.ctx, {}, options);
  }

  getCachedUserForUserId(userId: number, options?: RpcOptions): Promise<User | null> {
    return lookUps.cachedUserForUserId(this.env, this.ctx, { userId }, options);
  }

  getCachedUserForUsername(username: string, options?: RpcOptions): Promise<User> {
    return lookUps.cachedUserForUsername(this.env, this.ctx, { username }, options);
  }

  getUserProfilesForAccount(
    accountNumber: string,
    options?: RpcOptions,
  ): Promise<readonly UserProfile[] | null> {
    return lookUps.userProfilesForAccount(this.env, this.ctx, { accountNumber }, options);
  }

  getUsersForAccount(accountNumber: string, options?: RpcOptions): Promise<readonly User[]> {
    return lookUps.usersForAccount(this.env, this.ctx, { accountNumber }, options);
  }

  validResourceOwnersForUser(
    userProfileId: number | null,
    options?: RpcOptions,
  ): Promise<readonly UserProfile[]> {
    return lookUps.validResourceOwners(this.env, this.ctx, { userProfileId }, options);
  }

  /** Creates an account that is not the default one; throws `account_number_taken`. */
  createAccount(account: NewAccount, options?: CreateOptions): Promise<RpcWritten<Account>> {
    return writes.newAccount(this.env, this.ctx, { account, options }, null);
  }

  /** Throws `precondition_failed` when the account has another revision. */
  changeAccount(
    accountNumber: string,
    changes: AccountChanges,
    options: ChangeOptions,
  ): Promise<RpcWritten<Account>> {
    return writes.changedAccount(this.env, this.ctx, { accountNumber, changes, options }, null);
  }

  /** Makes the account the default one, in one transaction with that which was. */
  switchDefaultAccount(accountNumber: string): Promise<RpcWritten<Account>> {
    return writes.newDefaultAccount(this.env, this.ctx, { accountNumber }, null);
  }

  /** Deletes the account, its profiles and its keys, or says what that would delete. */
  deleteAccount(accountNumber: string, options: DeleteOptions): Promise<RpcWritten<Deletion>> {
    return writes.deletedAccount(this.env, this.ctx, { accountNumber, options }, null);
  }
}
