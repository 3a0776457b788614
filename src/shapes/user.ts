/** A person or a machine that has a login on the platform. */
export interface User {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly isActive: boolean;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  /** A time by ISO 8601, in UTC. */
  readonly dateJoined: string;
  /** A time by ISO 8601, in UTC; null before the first login. */
  readonly lastLogin: string | null;
  /** Raised by every change of the user. */
  readonly revision: number;
  /** What another system calls it; no other user has the same. */
  readonly externalId: string | null;
  /** What other systems note about it: at most 50 texts, and 8 KiB of UTF-8 in all. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The fields of a new user. */
export interface NewUser {
  readonly username: string;
  readonly email: string;
  /** Number of the account that the user becomes a member of. */
  readonly accountNumber?: string | undefined;
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly isActive?: boolean | undefined;
  /** Needs the scope `rights:write`. */
  readonly isStaff?: boolean | undefined;
  /** Needs the scope `rights:write`. */
  readonly isSuperuser?: boolean | undefined;
  readonly lastLogin?: string | null | undefined;
  readonly externalId?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** A change of a user. Null sets a name to its default. */
export interface UserChanges {
  readonly username?: string | undefined;
  readonly email?: string | undefined;
  readonly firstName?: string | null | undefined;
  readonly lastName?: string | null | undefined;
  readonly isActive?: boolean | undefined;
  /** Needs the scope `rights:write`. */
  readonly isStaff?: boolean | undefined;
  /** Needs the scope `rights:write`. */
  readonly isSuperuser?: boolean | undefined;
  readonly lastLogin?: string | null | undefined;
  readonly externalId?: string | null | undefined;
  /** Merged into what there is: null removes a name, or, in place of all, every name. */
  readonly metadata?: Readonly<Record<string, string | null>> | null | undefined;
}
