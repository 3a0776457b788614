import { createAccount } from './accounts/create.ts';
import { deleteAccount } from './accounts/delete.ts';
import { getAccount } from './accounts/get.ts';
import { listAccounts } from './accounts/list.ts';
import { updateAccount } from './accounts/update.ts';
import { createAdminUser } from './admin-user/create.ts';
import { getAdminUser } from './admin-user/get.ts';
import { audit } from './audit/audit.ts';
import { explainCache } from './cache/explain.ts';
import { invalidateCache } from './cache/invalidate.ts';
import { changes } from './changes/changes.ts';
import type { AnyCommand } from './command/command.ts';
import { makeCompletion } from './completion/completion.ts';
import { addContext } from './contexts/add.ts';
import { listContexts } from './contexts/list.ts';
import { removeContext } from './contexts/remove.ts';
import { useContext } from './contexts/use.ts';
import { getDefaultAccount } from './default-account/get.ts';
import { setDefaultAccount } from './default-account/set.ts';
import { getDeletion } from './deletions/get.ts';
import { listDeletions } from './deletions/list.ts';
import { restoreDeletion } from './deletions/restore.ts';
import { createKey } from './keys/create.ts';
import { deleteKey } from './keys/delete.ts';
import { getKey } from './keys/get.ts';
import { listKeys } from './keys/list.ts';
import { rotateKey } from './keys/rotate.ts';
import { updateKey } from './keys/update.ts';
import { createProfile } from './profiles/create.ts';
import { deleteProfile } from './profiles/delete.ts';
import { getProfile } from './profiles/get.ts';
import { listProfiles } from './profiles/list.ts';
import { listOwners } from './profiles/owners.ts';
import { updateProfile } from './profiles/update.ts';
import { resolve } from './resolve/resolve.ts';
import { search } from './search/search.ts';
import { migrate } from './service/migrate.ts';
import { open } from './service/open.ts';
import { listAccountsOfUser } from './users/accounts.ts';
import { createUser } from './users/create.ts';
import { deleteUser } from './users/delete.ts';
import { eraseUser } from './users/erase.ts';
import { exportUser } from './users/export.ts';
import { getUser } from './users/get.ts';
import { listUsers } from './users/list.ts';
import { updateUser } from './users/update.ts';
import { whoami } from './whoami/whoami.ts';

/** The first words of commands that have two. */
export const nouns: Readonly<Record<string, string>> = {
  context: 'The services that you know, and the keys for them.',
  accounts: 'Accounts.',
  users: 'Users.',
  profiles: 'User profiles: the memberships of users in accounts.',
  keys: 'API keys.',
  deletions: 'What was deleted, and its return.',
  'admin-user': 'The admin of an account.',
  'default-account': 'The default account.',
  cache: 'What the caches hold.',
};

/** Every command, in the order of the help. */
export const commands: readonly AnyCommand[] = [
  addContext,
  useContext,
  listContexts,
  removeContext,
  whoami,
  resolve,
  search,
  listAccounts,
  getAccount,
  createAccount,
  updateAccount,
  deleteAccount,
  listUsers,
  getUser,
  createUser,
  updateUser,
  deleteUser,
  listAccountsOfUser,
  exportUser,
  eraseUser,
  listProfiles,
  getProfile,
  createProfile,
  updateProfile,
  deleteProfile,
  listOwners,
  listKeys,
  createKey,
  getKey,
  updateKey,
  rotateKey,
  deleteKey,
  listDeletions,
  getDeletion,
  restoreDeletion,
  getAdminUser,
  createAdminUser,
  getDefaultAccount,
  setDefaultAccount,
  audit,
  changes,
  explainCache,
  invalidateCache,
  migrate,
  open,
  makeCompletion(() => commands, nouns),
];
