import type { Account } from './account.ts';
import type { User } from './user.ts';

/** The membership of a user in an account, with both. */
export interface UserProfile {
  readonly id: number;
  readonly name: string;
  readonly user: User;
  readonly account: Account;
  readonly profileImageUrl: string | null;
  readonly isTest: boolean;
  /** A time by ISO 8601, in UTC. */
  readonly createdAt: string;
  /** A time by ISO 8601, in UTC. */
  readonly updatedAt: string;
  /** Raised by every change of the profile itself. */
  readonly revision: number;
}

/** The fields of a new profile, which makes the user a member of the account. */
export interface NewUserProfile {
  readonly userId: number;
  readonly accountNumber: string;
  readonly name?: string | undefined;
  readonly profileImageUrl?: string | null | undefined;
  readonly isTest?: boolean | undefined;
}

/** A change of a profile. Null sets the name to its default. */
export interface UserProfileChanges {
  readonly name?: string | null | undefined;
  readonly profileImageUrl?: string | null | undefined;
  readonly isTest?: boolean | undefined;
}
