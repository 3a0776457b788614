export type { AccountDirectory } from '../rpc/account-directory.ts';
export type { Account, AccountChanges, AccountOfUser, NewAccount } from '../shapes/account.ts';
export type {
  AccountNumberReason,
  ExplainedAccountNumber,
} from '../directory/accounts/explain-account-number.ts';
export type { Change, ChangeKind, ChangesOptions, RpcChanges, UserProfileRow } from '../shapes/change.ts';
export type { ErrorCode } from '../shapes/error-code.ts';
export type { Deletion } from '../shapes/deletion.ts';
export type {
  DeletedKind,
  DeletionsOptions,
  PastDeletion,
  PastDeletionContent,
  Restoration,
  RestoreOptions,
} from '../shapes/past-deletion.ts';
export type { EraseOptions, Erasure, PersonExport } from '../shapes/erasure.ts';
export type { Entity, EntityLookUp } from '../shapes/entity-look-up.ts';
export type {
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
export type { AuditEntry, AuditFilters } from '../shapes/audit-entry.ts';
export type { ResolvedUrl, ResolvedUser } from '../shapes/resolved.ts';
export type { NewUser, User, UserChanges } from '../shapes/user.ts';
export type { NewUserProfile, UserProfile, UserProfileChanges } from '../shapes/user-profile.ts';
