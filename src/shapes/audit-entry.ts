import type { Json } from './json.ts';

/** One row that was changed, by whom and how. */
export interface AuditEntry {
  readonly id: number;
  /** The time at which the transaction of the change began, by ISO 8601, in UTC. */
  readonly at: string;
  /** The caller that made the change, such as `key:12`. */
  readonly actor: string;
  readonly requestId: string;
  readonly action: 'create' | 'update' | 'delete' | 'truncate';
  readonly entity: 'account' | 'user' | 'user_profile' | 'api_key';
  /** Null when all rows were truncated. */
  readonly entityId: number | null;
  /** By field, its value before and after. */
  readonly changes: Readonly<Record<string, { readonly before: Json; readonly after: Json }>>;
}
