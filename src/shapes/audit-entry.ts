import type { Json } from './json.ts';

/** One row that was changed, by whom and how. */
export interface AuditEntry {
  readonly id: number;
  /** The time at which the transaction of the change began, by ISO 8601, in UTC. */
  readonly at: string;
  /** The caller that made the change, such as `key:12`; `sql:` and the role if SQL named nobody. */
  readonly actor: string;
  readonly requestId: string;
  readonly action: 'create' | 'update' | 'delete' | 'truncate' | 'erase';
  readonly entity: 'account' | 'user' | 'user_profile' | 'api_key';
  /** Null when the entry is of many rows. */
  readonly entityId: number | null;
  /** Number of the account, also of a profile or a key, as it was before the change. */
  readonly accountNumber: string | null;
  /** Name of the user, also of a profile, as it was before the change. */
  readonly username: string | null;
  /** Name of the key, as it was before the change. */
  readonly keyName: string | null;
  /** By field, its value before and after; of many rows, `rows` is their number. */
  readonly changes: Readonly<Record<string, { readonly before: Json; readonly after: Json }>>;
}

/** A question to the audit log; an entry must match all of it. Times by ISO 8601. */
export interface AuditFilters {
  readonly actor?: string;
  /** Id of the request that made the change. */
  readonly requestId?: string;
  readonly entity?: AuditEntry['entity'];
  /** Id of the changed row; requires `entity`. */
  readonly entityId?: number;
  readonly action?: AuditEntry['action'];
  /** The account whose log is asked for: entries of it, its profiles, keys and members. */
  readonly accountNumber?: string;
  /** The name that a user has now or had then. */
  readonly username?: string;
  readonly since?: string;
  /** Exclusive. */
  readonly until?: string;
}
