import * as z from 'zod';
import { type CreatedUserRow, createUserRows, readCreatedUserRows } from '../../db/writes/user-creation.ts';
import { accountDoesNotExist, userDoesNotExist } from '../absence.ts';
import { requireScope, type Writer } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { FieldError, type LookUpError, type RefusedError } from '../errors.ts';
import { AccountNumber, boundedArray, faultsOfFields, toDate } from '../fields.ts';
import { Metadata } from '../other-systems.ts';
import { requirePlatformRights, userFields } from './fields.ts';
import { toUser, type User } from './users.ts';
import type { Subject } from '../subject.ts';
import {
  authorOf,
  claimOf,
  create,
  externalIdTaken,
  type Idempotency,
  idempotencyKeyReused,
  usernameTaken,
  type Written,
} from '../write.ts';

/** The fields of a new user. With `accountNumber` the user gets a profile in that account. */
export const NewUser = z
  .strictObject({
    ...z.strictObject({ ...userFields, metadata: Metadata }).partial().shape,
    username: userFields.username,
    email: userFields.email,
    accountNumber: AccountNumber.optional().meta({
      description: 'Number of the account that the user becomes a member of.',
    }),
  })
  .meta({ id: 'NewUser' });
export type NewUser = z.infer<typeof NewUser>;

/** Greatest number of users in a batch: one statement creates them within the deadline. */
const MAX_USERS = 200;

/** A new user of a batch, or the faults of a row that is none. */
export type NewUserOrFault = NewUser | FieldError;

// Each row is parsed by itself, because a malformed row must not keep the others from being created. The description names the
// schema of a user alone.
const NewUserOrFault = z
  .union([
    NewUser,
    z.unknown().transform((row): FieldError => new FieldError(faultsOfFields(NewUser.safeParse(row).error))),
  ])
  .meta({
    override: ({ jsonSchema }) => {
      const [newUser] = jsonSchema.anyOf ?? [];
      delete jsonSchema.anyOf;
      Object.assign(jsonSchema, newUser);
    },
  }) as z.ZodType<NewUserOrFault, z.input<typeof NewUser>>;

export const NewUsers = boundedArray(
  z.array(NewUserOrFault).min(1, 'must have at least one user'),
  MAX_USERS,
  'users',
);

/** The created user, or the reason why there is none. */
export type UserOutcome = User | LookUpError | RefusedError | FieldError;

/** The subject of creating the users: the one account that all of them become members of, or everything. */
export function subjectOfNewUsers(rows: readonly NewUserOrFault[]): Subject | null {
  const newUsers = rows.filter(isUser);
  if (newUsers.length === 0) return null;
  const numbers = new Set(newUsers.map(({ accountNumber }) => accountNumber));
  const [accountNumber] = numbers;
  const isOfOne = numbers.size === 1 && accountNumber !== undefined;
  return isOfOne ? { kind: 'account', accountNumber } : { kind: 'everything' };
}

/**
 * Creates a user, and its profile in the account that is named, both or neither. Throws `username_taken`,
 * `external_id_taken`, `account_does_not_exist`, and `forbidden` when the caller lacks the scope for the user's rights.
 */
export async function createUser(
  deps: Deps,
  writer: Writer,
  newUser: NewUser,
  idempotency?: Idempotency,
): Promise<Written<User>> {
  const { value, ...created } = await insert(deps, writer, [newUser], idempotency, true);
  const outcome = value.get(0);
  if (!outcome || outcome instanceof Error) throw outcome ?? new Error('the insert answered nothing');
  return { ...created, value: outcome };
}

/**
 * Creates up to 200 users in one transaction, each as `createUser` does, and answers the outcome of each in order. It creates the
 * first of those with the same username, and no malformed one. Throws `forbidden` when the caller lacks a scope for any of them,
 * and `idempotency_key_reused` when a row is valid now and was not when the batch was answered first.
 */
export async function createUsers(
  deps: Deps,
  writer: Writer,
  rows: readonly NewUserOrFault[],
  idempotency?: Idempotency,
): Promise<Written<readonly UserOutcome[]>> {
  // Without a well-formed row the batch still stores the claim, so that the idempotency key cannot serve for other rows.
  const made =
    rows.some(isUser) || idempotency
      ? await insert(deps, writer, rows, idempotency, false)
      : { value: new Map(), token: null };
  // A row without an outcome is malformed. A row that was created under other rules keeps its outcome.
  const value = rows.flatMap((row, position) => made.value.get(position) ?? (isUser(row) ? [] : row));
  return { ...made, value };
}

/** The outcomes of the valid rows, by their index in the request. */
type OutcomesByPosition = ReadonlyMap<number | undefined, UserOutcome>;

function isUser(row: NewUserOrFault): row is NewUser {
  return !(row instanceof FieldError);
}

async function insert(
  deps: Deps,
  writer: Writer,
  asked: readonly NewUserOrFault[],
  idempotency: Idempotency | undefined,
  forgetsRefusals: boolean,
): Promise<Written<OutcomesByPosition>> {
  const rows = asked.flatMap((newUser, position) => {
    if (!isUser(newUser)) return [];
    requireAllowed(deps, writer, newUser);
    return [{ ...newUser, lastLogin: toDate(newUser.lastLogin), position }];
  });
  const claim = claimOf(writer, idempotency);
  const created = await create(
    deps,
    claim,
    () => createUserRows(deps.db, authorOf(writer), rows, claim, forgetsRefusals),
    readCreatedUserRows,
  );
  const positions = rows.map(({ position }) => position);
  return { ...created, value: toOutcomes(created.value, positions) };
}

// The rules may have changed since an answer was stored, so that other rows are valid now.
function toOutcomes(created: readonly CreatedUserRow[], positions: readonly number[]): OutcomesByPosition {
  const outcomes = new Map(created.map((row, at) => [row.position ?? positions[at], toOutcome(row)]));
  if (outcomes.has(undefined) || positions.some((position) => !outcomes.has(position))) {
    throw idempotencyKeyReused('other users of this batch were valid when this Idempotency-Key came before');
  }
  return outcomes;
}

function requireAllowed({ platform }: Deps, { caller }: Writer, newUser: NewUser): void {
  if (newUser.isStaff || newUser.isSuperuser) requireScope(caller, 'rights:write');
  requirePlatformRights(caller, platform, newUser);
}

function toOutcome({ user, isAccountKnown, isExternalIdTaken, isErased }: CreatedUserRow): UserOutcome {
  if (user) return toUser(user);
  if (isErased) return userDoesNotExist('userId');
  if (!isAccountKnown) return accountDoesNotExist();
  return isExternalIdTaken ? externalIdTaken() : usernameTaken();
}
