import type { PageOptions, RequestOptions } from './rpc.ts';

/** The kind of what was deleted. */
export type DeletedKind = 'account' | 'user' | 'user_profile';

/** A deletion that may be restored. */
export interface PastDeletion {
  readonly id: number;
  /** A time by ISO 8601, in UTC. */
  readonly at: string;
  /** As in the audit log; `sql:` and the role if SQL named nobody. */
  readonly actor: string;
  readonly requestId: string;
  /** Kind of the row whose deletion was asked for. */
  readonly kind: DeletedKind;
  /** Id of that row. */
  readonly entityId: number;
  readonly accountNumber: string | null;
  readonly username: string | null;
  readonly restoredAt: string | null;
  readonly restoredBy: string | null;
}

/** A deletion with what it holds. */
export interface PastDeletionContent extends PastDeletion {
  readonly accounts: number;
  readonly users: number;
  readonly userProfiles: number;
  readonly keys: number;
  /** Of the accounts, the first 100. */
  readonly accountNumbers: string[];
  /** Of the users, the first 100. */
  readonly usernames: string[];
  /** What stands in the way of a restore, the first 100. */
  readonly obstacles: {
    readonly kind: DeletedKind | 'api_key';
    readonly entityId: number;
    readonly code: string;
    readonly detail: string;
  }[];
}

/** The numbers of rows that a restore brought back, or with `dryRun` would bring back. */
export interface Restoration {
  readonly dryRun: boolean;
  readonly deletionId: number;
  /** Null in a dry run. */
  readonly restoredAt: string | null;
  /** It was restored before; this call did nothing. */
  readonly isRepeat: boolean;
  readonly accounts: number;
  readonly users: number;
  readonly userProfiles: number;
  /** They come back as revoked. */
  readonly keys: number;
}

/** The last argument of `listDeletions`; times by ISO 8601. */
export interface DeletionsOptions extends RequestOptions, Pick<PageOptions, 'limit' | 'cursor'> {
  readonly kind?: DeletedKind;
  /** Account that was deleted or lost a member. */
  readonly accountNumber?: string;
  /** User that was deleted or lost a membership. */
  readonly username?: string;
  readonly since?: string;
  /** Exclusive. */
  readonly until?: string;
}

export interface RestoreOptions extends RequestOptions {
  /** Say what would come back, and restore nothing. */
  readonly dryRun?: boolean;
}
