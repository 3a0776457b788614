import { WorkerEntrypoint } from 'cloudflare:workers';
import type { AuditEntry, AuditFilters } from '../shapes/audit-entry.ts';
import type { ChangesOptions, RpcChanges } from '../shapes/change.ts';
import type {
  DeletionsOptions,
  PastDeletion,
  PastDeletionContent,
  Restoration,
  RestoreOptions,
} from '../shapes/past-deletion.ts';
import type { EraseOptions, Erasure, PersonExport } from '../shapes/erasure.ts';
import type { ResolvedUrl, ResolvedUser } from '../shapes/resolved.ts';
import type { PageOptions, RpcOptions, RpcPage, RpcWritten } from '../shapes/rpc.ts';
import { auditEntries } from './audit.ts';
import { nameCalls } from './call.ts';
import * as changeFeed from './change-feed.ts';
import * as deletions from './deletions.ts';
import * as person from './person.ts';
import * as resolve from './resolve.ts';

/** The methods of `AccountDirectory` for the people who operate a platform. */
export class OperatorMethods extends WorkerEntrypoint<object> {
  /**
   * Which account a URL or a host names and why, or why none; what became of the account, who answers as its admin, and, with
   * `audit:read`, its last ten changes. The `explanation` says it in sentences.
   */
  resolveUrl(url: string, options?: RpcOptions): Promise<ResolvedUrl> {
    return resolve.resolveUrl(this.env, this.ctx, { url }, options);
  }

  /**
   * Which account answers for a user and by which rule, with its memberships. `user` is an id, a username, an e-mail address
   * or an external id, or one of them by its kind, as in `id:3`. Throws `user_does_not_exist`, and `ambiguous` with the `candidates` when several have it.
   */
  resolveUser(user: string, options?: RpcOptions): Promise<ResolvedUser> {
    return resolve.resolveUser(this.env, this.ctx, { user }, options);
  }

  /**
   * Every committed change of accounts, users and user profiles, in order, as `GET /v1/changes` answers it. Needs `audit:read`; throws
   * `cursor_expired` for changes that are kept no longer.
   */
  listChanges(options?: ChangesOptions): Promise<RpcChanges> {
    return changeFeed.listChanges(this.env, this.ctx, { options });
  }

  /**
   * Every change of accounts, users, user profiles and keys with its author, newest first, a page at a time, as `GET /v1/audit`
   * answers it.
   */
  listAuditEntries(filters?: AuditFilters, options?: PageOptions): Promise<RpcPage<AuditEntry>> {
    return auditEntries(this.env, this.ctx, { filters }, options);
  }

  /** The deletions that can be restored, newest first, a page at a time. */
  listDeletions(options?: DeletionsOptions): Promise<RpcPage<PastDeletion>> {
    return deletions.listDeletions(this.env, this.ctx, { options });
  }

  /** A deletion, what it holds, and what stands in the way of its return. */
  getDeletion(deletionId: number, options?: RpcOptions): Promise<PastDeletionContent> {
    return deletions.getDeletion(this.env, this.ctx, { deletionId }, options);
  }

  /**
   * Brings back all of a deletion in one transaction, with the same ids and numbers, its keys as revoked; or says what would come. A
   * repeat does nothing. Throws `restore_is_blocked` with everything that stands in the way.
   */
  restoreDeletion(deletionId: number, options?: RestoreOptions): Promise<RpcWritten<Restoration>> {
    return deletions.restoreDeletion(this.env, this.ctx, { deletionId, options }, null);
  }

  /**
   * Removes a person, deleted or not, from rows, audit log, deletions, change feed, remembered answers and Redis; an entry of the
   * audit log stays as proof. A repeat does no harm. Not for callers that are bound to an account.
   */
  eraseUser(userId: number, options?: EraseOptions): Promise<RpcWritten<Erasure>> {
    return person.eraseUser(this.env, this.ctx, { userId, options }, null);
  }

  /**
   * Everything that is held of a person, also of one who was deleted. Not for callers that are bound to an account.
   */
  exportUser(userId: number, options?: RpcOptions): Promise<PersonExport> {
    return person.exportUser(this.env, this.ctx, { userId }, options);
  }
}

nameCalls(OperatorMethods.prototype);
