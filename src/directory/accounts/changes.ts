import * as z from 'zod';
import {
  type AccountConditions,
  changeAccountRow,
  createAccountRow,
  deleteAccountRow,
  MAX_DELETED_KEYS,
  MAX_DELETED_MEMBERS,
  selectAccountDeletion,
  switchDefaultAccountRow,
} from '../../db/writes/accounts.ts';
import type { AccountRow } from '../../db/schema/tables.ts';
import { fromAccountSnapshot } from '../../db/reads/snapshot.ts';
import { unknownAccount } from '../absence.ts';
import { type Account, toAccount } from './accounts.ts';
import { makeAccountNumber } from './draw-account-number.ts';
import { requireUnbound, type Writer } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type Deletion, otherRevisionError } from '../deletion.ts';
import { RefusedError } from '../errors.ts';
import { AccountNumber, changesOf, orDefault, text } from '../fields.ts';
import { Metadata, MetadataChanges, NewExternalId } from '../other-systems.ts';
import { outOfReachOf, outOfReachError } from '../users/fields.ts';
import {
  authorOf,
  deleterOf,
  claimOf,
  create,
  type Written,
  type Idempotency,
  type Precondition,
  rowStates,
  write,
} from '../write.ts';

/** The fields of an account, with the lengths of the original platform's forms. */
const texts = {
  phoneNumber: text(20),
  address1: text(255),
  address2: text(255),
  city: text(255),
  state: text(255),
  postalCode: text(20),
  country: text(255),
  language: text(255),
  timezone: text(255),
  currency: text(255),
};
const fields = { companyName: text(255, 1), isActive: z.boolean(), externalId: NewExternalId.nullable() };

/** The fields of a new account. Without a number it gets a free one at random. */
export const NewAccount = z
  .strictObject({
    ...z.strictObject({ ...fields, ...texts, metadata: Metadata }).partial().shape,
    companyName: fields.companyName,
    accountNumber: AccountNumber.optional().meta({
      description: 'Drawn at random where it is not given; never changes.',
    }),
  })
  .meta({ id: 'NewAccount' });
export type NewAccount = z.infer<typeof NewAccount>;

export const AccountChanges = changesOf({
  ...fields,
  metadata: MetadataChanges,
  phoneNumber: orDefault(texts.phoneNumber),
  address1: orDefault(texts.address1),
  address2: orDefault(texts.address2),
  city: orDefault(texts.city),
  state: orDefault(texts.state),
  postalCode: orDefault(texts.postalCode),
  country: orDefault(texts.country),
  language: orDefault(texts.language),
  timezone: orDefault(texts.timezone),
  currency: orDefault(texts.currency),
  isDefaultAccount: z
    .literal(true, 'must be true; to change the default account, make another account the default')
    .meta({ description: 'Makes it the default account, in place of the one that is.' }),
}).meta({ id: 'AccountChanges' });
export type AccountChanges = z.infer<typeof AccountChanges>;

/** Greatest number of draws until a number, of 10^12, is one that no account has or had. */
const MAX_DRAWS = 5;
const TAKEN: readonly string[] = ['account_number_taken', 'account_number_retired'];

/** Creates an account that is not the default one; throws `account_number_taken`, `account_number_retired` and `external_id_taken`. */
export async function createAccount(
  deps: Deps,
  writer: Writer,
  account: NewAccount,
  idempotency?: Idempotency,
): Promise<Written<Account>> {
  const claim = claimOf(writer, idempotency);
  for (let draws = 1; ; draws++) {
    const accountNumber = account.accountNumber ?? makeAccountNumber();
    try {
      const created = await create(
        deps,
        claim,
        () => createAccountRow(deps.db, authorOf(writer), { ...account, accountNumber }, claim),
        fromAccountSnapshot,
      );
      return { ...created, value: toAccount(created.value) };
    } catch (error) {
      const isTaken = error instanceof RefusedError && TAKEN.includes(error.code);
      if (!isTaken || account.accountNumber !== undefined || draws === MAX_DRAWS) throw error;
    }
  }
}

/** Changes an account; throws `account_does_not_exist`, `precondition_failed` and `external_id_taken`. */
export async function changeAccount(
  deps: Deps,
  writer: Writer,
  accountNumber: string,
  changes: AccountChanges,
  precondition: Precondition,
): Promise<Written<Account>> {
  if (changes.isDefaultAccount) requireUnbound(writer.caller);
  const { isDone, current, token } = await write(deps, () =>
    changeAccountRow(deps.db, authorOf(writer), accountNumber, changes, rowStates(precondition)),
  );
  const value = toAccount(current ?? unknownAccount());
  if (!isDone) throw otherRevisionError(value);
  return { value, token };
}

/** Makes the account the default account, in place of the present one; throws `account_does_not_exist`. */
export async function switchDefaultAccount(
  deps: Deps,
  writer: Writer,
  accountNumber: string,
): Promise<Written<Account>> {
  const { current, token } = await write(deps, () =>
    switchDefaultAccountRow(deps.db, authorOf(writer), accountNumber),
  );
  return { value: toAccount(current ?? unknownAccount()), token };
}

/**
 * Deletes an account with its profiles and keys; with `dryRun` only counts them. Throws `account_does_not_exist`,
 * `precondition_failed`, `too_many_members`, `too_many_keys`, `default_account_is_protected`, `platform_account_is_protected`, and `forbidden` to a caller that is
 * bound to an account, and without the scope for rights when a member is staff or superuser.
 */
export async function deleteAccount(
  deps: Deps,
  writer: Writer,
  accountNumber: string,
  precondition: Precondition,
  dryRun: boolean,
): Promise<Written<Deletion>> {
  const { platform, db } = deps;
  requireUnbound(writer.caller);
  const conditions: AccountConditions = {
    states: rowStates(precondition),
    keptNumber: platform.accountNumber,
    outOfReach: outOfReachOf(writer.caller, platform),
  };
  const run = () =>
    dryRun
      ? selectAccountDeletion(db, accountNumber, conditions)
      : deleteAccountRow(db, deleterOf(deps, writer), accountNumber, conditions);
  const deletion = await write(deps, run);
  const { current, isDone, isSeen, isOutOfReach, userProfiles, keys, token } = deletion;
  if (!current) unknownAccount();
  if (!isDone) {
    requireDeletable(current, platform.accountNumber);
    if (isOutOfReach) throw outOfReachError();
    if (!isSeen) throw otherRevisionError(toAccount(current));
    if (userProfiles > MAX_DELETED_MEMBERS) throw tooManyMembersError(userProfiles);
    if (keys > MAX_DELETED_KEYS) throw tooManyKeysError(keys);
    // A member got rights between two statements of the batch.
    if (!dryRun) throw outOfReachError();
  }
  return { value: { dryRun, accounts: 1, users: 0, userProfiles, keys }, token };
}

// Postgres could not delete so many rows within the deadline, so the deletion would never succeed.
function tooManyMembersError(userProfiles: number): RefusedError {
  const detail = `the account has ${userProfiles} members, and is deleted with at most ${MAX_DELETED_MEMBERS}; deactivate it, and delete user profiles or users of it first`;
  return new RefusedError('too_many_members', detail);
}

// Revoked keys are kept for ever, so that only an operator can delete some.
function tooManyKeysError(keys: number): RefusedError {
  const detail = `the account has ${keys} keys, revoked ones too, and is deleted with at most ${MAX_DELETED_KEYS}; deactivate it, and have revoked keys of it deleted in Postgres first`;
  return new RefusedError('too_many_keys', detail);
}

function requireDeletable({ accountNumber, isDefaultAccount }: AccountRow, platformNumber: string): void {
  if (accountNumber === platformNumber) {
    throw new RefusedError('platform_account_is_protected', 'the platform account cannot be deleted');
  }
  if (isDefaultAccount) {
    throw new RefusedError('default_account_is_protected', 'make another account the default one first');
  }
}
