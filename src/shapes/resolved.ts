import type { Account, AccountOfUser } from './account.ts';
import type { AuditEntry } from './audit-entry.ts';
import type { User } from './user.ts';

/** What there is to say of a URL. */
export interface ResolvedUrl {
  readonly accountNumber: string | null;
  /** Why the URL gives this number, or none. */
  readonly reason:
    | 'no_http_url'
    | 'ip_address'
    | 'no_account_label'
    | 'two_account_labels'
    | 'outside_suffixes'
    | 'found';
  /** What became of the account with the number; null where there is no number. */
  readonly state: 'active' | 'inactive' | 'deleted' | 'never' | null;
  readonly account: Account | null;
  readonly deletion: {
    /** A time by ISO 8601, in UTC. */
    readonly at: string;
    /** The caller that deleted the account; null where the audit log does not name one. */
    readonly by: string | null;
    readonly deletionId: number | null;
  } | null;
  readonly adminUser: User | null;
  /** Sentences for people: what was found, by which rule, and what would change it. */
  readonly explanation: string[];
  /** The last ten changes of the account, newest first; none without `audit:read`. */
  readonly changes: AuditEntry[];
}

/** What there is to say of a user. */
export interface ResolvedUser {
  readonly user: User;
  /** The first hundred memberships, by the ids of the profiles. */
  readonly accounts: AccountOfUser[];
  /** The account that answers for the user. */
  readonly answer: Account | null;
  /** The rule by which it answers. */
  readonly rule: 'platform_admin' | 'default_account' | 'lowest_profile' | 'none';
  /** Sentences for people: what was found, by which rule, and what would change it. */
  readonly explanation: string[];
}
