import type { ExplainedAccountNumber } from '../directory/accounts/explain-account-number.ts';
import type { Account, AccountChanges, AccountOfUser, NewAccount } from '../shapes/account.ts';
import type { Deletion } from '../shapes/deletion.ts';
import type { EntityLookUp } from '../shapes/entity-look-up.ts';
import type {
  ChangeOptions,
  CreateOptions,
  DeleteOptions,
  ForceOptions,
  PageOptions,
  RequestOptions,
  RpcOptions,
  RpcOutcome,
  RpcPage,
  RpcUserOutcome,
  RpcWritten,
  SearchOptions,
  SearchResults,
} from '../shapes/rpc.ts';
import type { NewUser, User, UserChanges } from '../shapes/user.ts';
import type { NewUserProfile, UserProfile, UserProfileChanges } from '../shapes/user-profile.ts';
import { nameCalls } from './call.ts';
import * as lists from './lists.ts';
import * as lookUps from './look-ups.ts';
import { OperatorMethods } from './operator-methods.ts';
import * as urls from './url-methods.ts';
import * as userWrites from './user-writes.ts';
import * as writes from './account-writes.ts';

/**
 * The ten look-ups, the two entities that they return, and their changes, for other Workers, over a service binding with
 * `entrypoint = "AccountDirectory"`. The binding's `props` say what its Worker may do; without any it may read.
 * Rejections carry `code` and a message that names the argument, and nothing else.
 */
export class AccountDirectory extends OperatorMethods {
  /** The account number in the host of the URL, or null. Never throws, whatever it is given. */
  accountNumberFromUrl(url: string, options?: RpcOptions): string | null {
    return urls.numberOf(this.env, this.ctx, url, options);
  }

  /** Answers like `accountNumberFromUrl`, and adds the reason and the labels of the host. Never throws. */
  explainAccountNumber(url: string, options?: RequestOptions): ExplainedAccountNumber {
    return urls.explain(this.env, this.ctx, url, options);
  }

  /** The account with this number, active or not, or null. */
  getAccount(accountNumber: string, options?: RpcOptions): Promise<Account | null> {
    return lookUps.account(this.env, this.ctx, { accountNumber }, options);
  }

  /** The account with exactly this external id, active or not, or null. */
  getAccountByExternalId(externalId: string, options?: RpcOptions): Promise<Account | null> {
    return lookUps.accountForExternalId(this.env, this.ctx, { externalId }, options);
  }

  /** The user with exactly this external id, active or not, or null. */
  getUserByExternalId(externalId: string, options?: RpcOptions): Promise<User | null> {
    return lookUps.userForExternalId(this.env, this.ctx, { externalId }, options);
  }

  /** The profile with this id, with its user and account, or null. */
  getUserProfile(userProfileId: number, options?: RpcOptions): Promise<UserProfile | null> {
    return lookUps.userProfile(this.env, this.ctx, { userProfileId }, options);
  }

  /**
   * Up to 100 look-ups of accounts, users and profiles at the price of one; what became of each, in order, where what is absent
   * is an error. An admin user is looked up and not created. Throws `unavailable` when no store could answer any of them.
   */
  getMany(asked: readonly EntityLookUp[], options?: RpcOptions): Promise<readonly RpcOutcome[]> {
    return lookUps.many(this.env, this.ctx, { lookUps: asked }, options);
  }

  /**
   * The account of the user: the platform's for its admin, otherwise the default one if the user is a member of it, otherwise that
   * of the lowest profile. Null for an unknown user, and for one without an account.
   */
  getCachedAccountForUser(userId: number, options?: RpcOptions): Promise<Account | null> {
    return lookUps.cachedAccountForUser(this.env, this.ctx, { userId }, options);
  }

  /** The user of the lowest profile of the account whose user is staff or superuser. Creates one if there is none. */
  getCachedAdminUserForAccount(accountNumber: string, options?: RpcOptions): Promise<User> {
    return lookUps.cachedAdminUserForAccount(this.env, this.ctx, { accountNumber }, options);
  }

  /** The account with `isDefaultAccount`. */
  getCachedDefaultAccount(options?: RpcOptions): Promise<Account> {
    return lookUps.cachedDefaultAccount(this.env, this.ctx, {}, options);
  }

  /** The lowest profile of the platform account whose user is superuser. */
  getCachedSmarterAdminUserProfile(options?: RpcOptions): Promise<UserProfile> {
    return lookUps.cachedSmarterAdminUserProfile(this.env, this.ctx, {}, options);
  }

  /** The user with this id, active or not, or null. */
  getCachedUserForUserId(userId: number, options?: RpcOptions): Promise<User | null> {
    return lookUps.cachedUserForUserId(this.env, this.ctx, { userId }, options);
  }

  /** The user with exactly this username, active or not. */
  getCachedUserForUsername(username: string, options?: RpcOptions): Promise<User> {
    return lookUps.cachedUserForUsername(this.env, this.ctx, { username }, options);
  }

  /** All profiles of the account by id, or null for none. Throws `too_many_members` when there are more than 10,000. */
  getUserProfilesForAccount(
    accountNumber: string,
    options?: RpcOptions,
  ): Promise<readonly UserProfile[] | null> {
    return lookUps.userProfilesForAccount(this.env, this.ctx, { accountNumber }, options);
  }

  /** All users of the account by the ids of their profiles. Throws as `getUserProfilesForAccount` does. */
  getUsersForAccount(accountNumber: string, options?: RpcOptions): Promise<readonly User[]> {
    return lookUps.usersForAccount(this.env, this.ctx, { accountNumber }, options);
  }

  /** All profiles of the profile's account, by id; for null, that of the platform admin. Throws as `getUserProfilesForAccount`. */
  validResourceOwnersForUser(
    userProfileId: number | null,
    options?: RpcOptions,
  ): Promise<readonly UserProfile[]> {
    return lookUps.validResourceOwners(this.env, this.ctx, { userProfileId }, options);
  }

  /**
   * Every account that the user is a member of, by the ids of its profiles, or null for an unknown user. A Worker that is bound to an
   * account sees that account alone, and null for a user who is no member of it. Throws `too_many_accounts` when there are more than 10,000.
   */
  getAccountsForUser(userId: number, options?: RpcOptions): Promise<readonly AccountOfUser[] | null> {
    return lookUps.accountsForUser(this.env, this.ctx, { userId }, options);
  }

  /** Answers `getUsersForAccount` a page at a time, with the cursors of `GET /v1/accounts/{accountNumber}/users`. */
  listUsersForAccount(accountNumber: string, options?: PageOptions): Promise<RpcPage<User>> {
    return lists.usersForAccount(this.env, this.ctx, { accountNumber }, options);
  }

  /** Answers `getAccountsForUser` a page at a time, with the cursors of `GET /v1/users/{userId}/accounts`. */
  listAccountsForUser(userId: number, options?: PageOptions): Promise<RpcPage<AccountOfUser>> {
    return lists.accountsForUser(this.env, this.ctx, { userId }, options);
  }

  /** Answers `getUserProfilesForAccount` a page at a time; no items when the account has no profiles. */
  listUserProfilesForAccount(accountNumber: string, options?: PageOptions): Promise<RpcPage<UserProfile>> {
    return lists.userProfilesForAccount(this.env, this.ctx, { accountNumber }, options);
  }

  /** Answers `validResourceOwnersForUser` a page at a time. */
  listValidResourceOwners(
    userProfileId: number | null,
    options?: PageOptions,
  ): Promise<RpcPage<UserProfile>> {
    return lists.validResourceOwners(this.env, this.ctx, { userProfileId }, options);
  }

  /** Finds accounts and users as `GET /v1/search` does, the best first. */
  search(q: string, options?: SearchOptions): Promise<SearchResults> {
    return lists.search(this.env, this.ctx, { q }, options);
  }

  /** Creates an account that is not the default one; throws `account_number_taken` and `account_number_retired`. */
  createAccount(account: NewAccount, options?: CreateOptions): Promise<RpcWritten<Account>> {
    return writes.createAccount(this.env, this.ctx, { account, options }, null);
  }

  /** Changes the named fields. Throws `precondition_failed` when the account has another revision. */
  changeAccount(
    accountNumber: string,
    changes: AccountChanges,
    options: ChangeOptions,
  ): Promise<RpcWritten<Account>> {
    return writes.changeAccount(this.env, this.ctx, { accountNumber, changes, options }, null);
  }

  /** Makes the account the default one, in one transaction with that which was. */
  switchDefaultAccount(accountNumber: string, options?: RequestOptions): Promise<RpcWritten<Account>> {
    return writes.switchDefaultAccount(this.env, this.ctx, { accountNumber, options }, null);
  }

  /** Deletes the account, its profiles and its keys, or says what that would delete. */
  deleteAccount(accountNumber: string, options: DeleteOptions): Promise<RpcWritten<Deletion>> {
    return writes.deleteAccount(this.env, this.ctx, { accountNumber, options }, null);
  }

  /** Creates a user, and with `accountNumber` its profile there. Throws `username_taken` and `account_does_not_exist`. */
  createUser(user: NewUser, options?: CreateOptions): Promise<RpcWritten<User>> {
    return userWrites.createUser(this.env, this.ctx, { user, options }, null);
  }

  /** Creates up to 200 users in one transaction, each as `createUser` does or not at all; what became of each, in order. */
  createUsers(
    users: readonly NewUser[],
    options?: CreateOptions,
  ): Promise<RpcWritten<readonly RpcUserOutcome[]>> {
    return userWrites.createUsers(this.env, this.ctx, { users, options }, null);
  }

  /** Changes the named fields. Throws `precondition_failed`, and `last_admin_is_protected` unless forced. */
  changeUser(
    userId: number,
    changes: UserChanges,
    options: ChangeOptions & ForceOptions,
  ): Promise<RpcWritten<User>> {
    return userWrites.changeUser(this.env, this.ctx, { userId, changes, options }, null);
  }

  /** Deletes the user and its profiles, or says what that would delete; throws as `changeUser` does. */
  deleteUser(userId: number, options: DeleteOptions & ForceOptions): Promise<RpcWritten<Deletion>> {
    return userWrites.deleteUser(this.env, this.ctx, { userId, options }, null);
  }

  /** Makes the user a member of the account; throws `user_profile_exists` when it is one. */
  createUserProfile(profile: NewUserProfile, options?: CreateOptions): Promise<RpcWritten<UserProfile>> {
    return userWrites.createUserProfile(this.env, this.ctx, { profile, options }, null);
  }

  /** Changes the named fields. Throws `precondition_failed` when the profile itself has another revision. */
  changeUserProfile(
    userProfileId: number,
    changes: UserProfileChanges,
    options: ChangeOptions,
  ): Promise<RpcWritten<UserProfile>> {
    return userWrites.changeUserProfile(this.env, this.ctx, { userProfileId, changes, options }, null);
  }

  /** Ends the membership, or says what that would delete; throws as `changeUser` does. */
  deleteUserProfile(
    userProfileId: number,
    options: DeleteOptions & ForceOptions,
  ): Promise<RpcWritten<Deletion>> {
    return userWrites.deleteUserProfile(this.env, this.ctx, { userProfileId, options }, null);
  }
}

nameCalls(AccountDirectory.prototype);
