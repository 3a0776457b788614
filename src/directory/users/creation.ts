import * as z from 'zod';
import { type CreatedUserRow, createUserRows, readCreatedUserRows } from '../../db/writes/user-creation.ts';
import { accountDoesNotExist } from '../absence.ts';
import { requireScope, type Writer } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { FieldError, type LookUpError, type RefusedError } from '../errors.ts';
import { AccountNumber, boundedArray, faultsOfFields, toDate } from '../fields.ts';
import { requirePlatformRights, userFields } from './fields.ts';
import { toUser, type User } from './users.ts';
import type { Subject } from '../subject.ts';
import { authorOf, claimOf, create, type Idempotency, usernameTaken, type Written } from '../write.ts';

/** What a user is created from, and, with an account's number, its profile there. */
export const NewUser = z
  .strictObject({
    ...z.strictObject(userFields).partial().shape,
    username: userFields.username,
    email: userFields.email,
    accountNumber: AccountNumber.optional().meta({
      description: 'Number of the account that the user becomes a member of.',
    }),
  })
  .meta({ id: 'NewUser' });
export type NewUser = z.infer<typeof NewUser>;

/** Few enough for one statement within the deadline, and for one body. */
const MAX_USERS = 200;

/** What is asked for in a row of a batch, or why nothing can be. */
export type NewUserOrFault = NewUser | FieldError;

// Of a row at a time: one that is odd is no reason to make none of the others. Callers send users, whatever else they may send.
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

/** A user that was created, or why it was not. */
export type UserOutcome = User | LookUpError | RefusedError | FieldError;

/** What creating the users is about: the account that all of them become members of, or more than one's affairs. */
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
 * `account_does_not_exist`, and `forbidden` without the scope for rights that are given.
 */
export async function createUser(
  deps: Deps,
  writer: Writer,
  newUser: NewUser,
  idempotency?: Idempotency,
): Promise<Written<User>> {
  const { value, ...created } = await insert(deps, writer, [newUser], idempotency, true);
  const [outcome] = value;
  if (!outcome || outcome instanceof Error) throw outcome ?? new Error('the insert answered nothing');
  return { ...created, value: outcome };
}

/**
 * Creates up to 200 users in one transaction, each as `createUser` does or not at all; what became of each, in order. Of
 * those with the same username the first is made, and what is malformed is not. Throws `forbidden` if any of them needs a scope that is lacking.
 */
export async function createUsers(
  deps: Deps,
  writer: Writer,
  rows: readonly NewUserOrFault[],
  idempotency?: Idempotency,
): Promise<Written<readonly UserOutcome[]>> {
  const newUsers = rows.filter(isUser);
  // Where none can be made, the claim alone is: the key is not for other rows.
  const made =
    newUsers.length > 0 || idempotency
      ? await insert(deps, writer, newUsers, idempotency, false)
      : { value: [], token: null };
  const outcomes = made.value.values();
  const value = rows.flatMap((row) => (isUser(row) ? (outcomes.next().value ?? []) : row));
  return { ...made, value };
}

function isUser(row: NewUserOrFault): row is NewUser {
  return !(row instanceof FieldError);
}

async function insert(
  deps: Deps,
  writer: Writer,
  newUsers: readonly NewUser[],
  idempotency: Idempotency | undefined,
  forgetsRefusals: boolean,
): Promise<Written<UserOutcome[]>> {
  for (const newUser of newUsers) requireAllowed(deps, writer, newUser);
  const rows = newUsers.map((newUser) => ({ ...newUser, lastLogin: toDate(newUser.lastLogin) }));
  const claim = claimOf(writer, idempotency);
  const created = await create(
    deps,
    claim,
    () => createUserRows(deps.db, authorOf(writer), rows, claim, forgetsRefusals),
    readCreatedUserRows,
  );
  return { ...created, value: created.value.map(toOutcome) };
}

function requireAllowed({ platform }: Deps, { caller }: Writer, newUser: NewUser): void {
  if (newUser.isStaff || newUser.isSuperuser) requireScope(caller, 'rights:write');
  requirePlatformRights(caller, platform, newUser);
}

function toOutcome({ user, isAccountKnown }: CreatedUserRow): UserOutcome {
  if (user) return toUser(user);
  return isAccountKnown ? usernameTaken() : accountDoesNotExist();
}
