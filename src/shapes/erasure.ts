import type { AuditEntry } from './audit-entry.ts';
import type { Change, ChangeKind } from './change.ts';
import type { ForceOptions, RequestOptions } from './rpc.ts';
import type { User } from './user.ts';
import type { UserProfile } from './user-profile.ts';

/** The rows of a person that an erasure removed, or with `dryRun` would remove. */
export interface Erasure {
  readonly dryRun: boolean;
  readonly userId: number;
  /** A time by ISO 8601, in UTC; null in a dry run of the first erasure. */
  readonly erasedAt: string | null;
  /** Nothing was left since an earlier erasure. */
  readonly isRepeat: boolean;
  /** Redis has confirmed that it holds the person no more. If false, repeat the call. */
  readonly isForgotten: boolean;
  /** If false, there was more than one call removes: repeat it. */
  readonly isComplete: boolean;
  readonly users: number;
  readonly userProfiles: number;
  readonly auditEntries: number;
  readonly changes: number;
  readonly deletionRows: number;
  readonly rememberedAnswers: number;
}

export interface EraseOptions extends RequestOptions, ForceOptions {
  /** Say what would be erased, and erase nothing. */
  readonly dryRun?: boolean;
}

/** Everything that is held of a person, the newest first; times by ISO 8601. */
export interface PersonExport {
  readonly userId: number;
  readonly generatedAt: string;
  /** False if there are more than 1,000 of a kind. */
  readonly isComplete: boolean;
  /** Null if the user was deleted. */
  readonly user: User | null;
  readonly userProfiles: UserProfile[];
  readonly auditEntries: AuditEntry[];
  readonly changes: Change[];
  /** The rows of deletions that can be restored. */
  readonly deletedRows: {
    readonly deletionId: number;
    readonly at: string;
    readonly actor: string;
    readonly kind: ChangeKind;
    readonly row: Change['before'];
  }[];
  /** The answers to creations with an idempotency key. */
  readonly rememberedAnswers: {
    readonly at: string;
    readonly caller: string;
    readonly user: User;
    readonly userProfile: Change['before'];
  }[];
}
