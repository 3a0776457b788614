import type { AccountNumberReason } from '../src/directory/accounts/explain-account-number.ts';
import type { Account, AccountChanges, AccountOfUser, NewAccount } from '../src/shapes/account.ts';
import type { AuditEntry } from '../src/shapes/audit-entry.ts';
import type { Deletion } from '../src/shapes/deletion.ts';
import type { EntityLookUp } from '../src/shapes/entity-look-up.ts';
import type { Erasure, PersonExport } from '../src/shapes/erasure.ts';
import type { ErrorCode } from '../src/shapes/error-code.ts';
import type { Json } from '../src/shapes/json.ts';
import type { PastDeletion, PastDeletionContent, Restoration } from '../src/shapes/past-deletion.ts';
import type { NewUser, User, UserChanges } from '../src/shapes/user.ts';
import type { NewUserProfile, UserProfile, UserProfileChanges } from '../src/shapes/user-profile.ts';

type Shapes = [
  AccountNumberReason,
  Account,
  AccountChanges,
  AccountOfUser,
  NewAccount,
  AuditEntry,
  Deletion,
  EntityLookUp,
  Erasure,
  PersonExport,
  ErrorCode,
  Json,
  PastDeletion,
  PastDeletionContent,
  Restoration,
  NewUser,
  User,
  UserChanges,
  NewUserProfile,
  UserProfile,
  UserProfileChanges,
];

/** The type with its aliases written out. Public shapes keep their names. */
export type Plain<T> = [Named<T>] extends [never]
  ? T extends object
    ? { [K in keyof T]: Plain<T[K]> }
    : T
  : Named<T>;

type Named<T, S extends readonly unknown[] = Shapes> = S extends [infer First, ...infer Rest]
  ? Same<T, First> extends true
    ? First
    : Named<T, Rest>
  : never;

/** Whether either of two types may stand for the other, with the same fields. */
export type Same<A, B> = [A, B, keyof A, keyof B] extends [B, A, keyof B, keyof A] ? true : false;
