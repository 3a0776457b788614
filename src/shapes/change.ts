import type { Account } from './account.ts';
import type { RequestOptions } from './rpc.ts';
import type { User } from './user.ts';
import type { UserProfile } from './user-profile.ts';

export type ChangeKind = 'account' | 'user' | 'user_profile';

/** A profile with the ids of its user and its account. */
export interface UserProfileRow extends Omit<UserProfile, 'user' | 'account'> {
  readonly userId: number;
  readonly accountId: number;
}

/** A change of one row, or the news that many rows of a kind have changed. */
export interface Change {
  readonly kind: ChangeKind;
  /** Id of the row; null for `resync`. */
  readonly id: number | null;
  /** `resync`: so many rows of the kind have changed that they must be read anew. */
  readonly operation: 'create' | 'update' | 'delete' | 'resync';
  /** When its transaction began, by ISO 8601, in UTC. */
  readonly at: string;
  /** The writer, as in the audit log; `sql:<role>` where SQL named none. */
  readonly actor: string;
  readonly before: Account | User | UserProfileRow | null;
  readonly after: Account | User | UserProfileRow | null;
}

export interface ChangesOptions extends RequestOptions {
  /** `nextCursor` of the page before, or `latest`; without it the changes begin with the oldest that is kept. */
  readonly after?: string | null;
  /** Greatest number of changes, 1 to 500; 100 where it is not given. */
  readonly limit?: number;
  /** The kinds of rows; the same with each cursor. All where it is not given. */
  readonly kinds?: readonly ChangeKind[] | null;
  /** Seconds to wait for a change where there is none, 0 to 20; 0 where it is not given. */
  readonly wait?: number;
}

/** A page of changes. All have been seen when `nextCursor` is the cursor that was sent. */
export interface RpcChanges {
  readonly items: readonly Change[];
  readonly nextCursor: string;
}
