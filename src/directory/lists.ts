import type { ReadDemands } from '../cache/look-up.ts';
import {
  type AccountPage,
  type ListPage,
  selectAccounts,
  selectUsers,
  type UserPage,
} from '../db/reads/lists.ts';
import { listedPart } from '../db/schema/columns.ts';
import { type Account, toAccount } from './accounts/accounts.ts';
import type { Deps } from './deps.ts';
import { type Listed, readPage } from './paged-read.ts';
import { toUser, type User } from './users/users.ts';

/** Lists all users, a page at a time. */
export function listUsers(deps: Deps, page: UserPage, read: ReadDemands): Promise<Listed<User>> {
  return readPage(deps, read, page, {
    select: (slice) => selectUsers(deps.db, slice),
    toItem: toUser,
    positionOf: (user) => positionOf(user, page),
  });
}

/** Lists all accounts, a page at a time. */
export function listAccounts(deps: Deps, page: AccountPage, read: ReadDemands): Promise<Listed<Account>> {
  return readPage(deps, read, page, {
    select: (slice) => selectAccounts(deps.db, slice),
    toItem: toAccount,
    positionOf: (account) => positionOf(account, page),
  });
}

function positionOf<F extends string>(
  item: { readonly id: number } & Readonly<Record<F, string>>,
  { prefix }: ListPage<F>,
) {
  return { key: prefix && listedPart(item[prefix.field]), id: item.id };
}
