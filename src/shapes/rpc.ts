import type { ErrorCode } from './error-code.ts';
import type { Account } from './account.ts';
import type { Entity } from './entity-look-up.ts';
import type { User } from './user.ts';

/** The part of the last argument that every method has. */
export interface RequestOptions {
  /** The id of the request for which the Worker calls, up to 100 of `A-Za-z0-9_.:-`: the log and the audit log keep it. */
  readonly requestId?: string;
}

/** The last argument of every look-up. */
export interface RpcOptions extends RequestOptions {
  /** Drop what is cached for this look-up and ask Postgres. */
  readonly invalidate?: boolean;
  /** Answer at least as fresh as the write that returned this token. */
  readonly consistencyToken?: string;
}

/** The last argument of a list. */
export interface PageOptions extends RpcOptions {
  /** Greatest number of items, 1 to 500; 100 where it is not given. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | null;
}

/** A page of a list. */
export interface RpcPage<T> {
  readonly items: readonly T[];
  /** `cursor` of the next page; null on the last one. */
  readonly nextCursor: string | null;
}

/** The last argument of a search. */
export interface SearchOptions extends RpcOptions {
  /** Greatest number of accounts, and of users, 1 to 50; 20 where it is not given. */
  readonly limit?: number;
}

/** The results of a search, the best first. */
export interface SearchResults {
  readonly accounts: readonly Account[];
  readonly users: readonly User[];
}

/** The outcome of one look-up of a batch. */
export type RpcOutcome =
  | { readonly value: Entity }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

/** The options that every change and deletion takes as its last argument. */
export interface ChangeOptions extends RequestOptions {
  /** The `revision` of the row that the caller has read: refused when it is another by now. */
  readonly revision: number;
}

export interface DeleteOptions extends Partial<ChangeOptions> {
  /** Say what would be deleted, and delete nothing; then `revision` may be left out. */
  readonly dryRun?: boolean;
}

/** The options of writes that spare the last admin of an account. */
export interface ForceOptions {
  /** Spare no last admin. For callers with `rights:write` that are bound to no account; the audit log notes it. */
  readonly force?: boolean;
}

export interface CreateOptions extends RequestOptions {
  /** Names this creation for 24 hours: asked again, it is answered as the first time and done once. */
  readonly idempotencyKey?: string;
}

/** The row as written, and the token for reads that must see it; none where nothing was changed. */
export interface RpcWritten<T> {
  readonly value: T;
  readonly consistencyToken?: string;
}

/** The outcome of one user of a batch. */
export type RpcUserOutcome =
  | { readonly user: User }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };
