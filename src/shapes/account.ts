/** A tenant of the platform. Texts that nobody has filled in are empty. */
export interface Account {
  readonly id: number;
  /** Like `3141-5926-5359`; never changes. */
  readonly accountNumber: string;
  readonly companyName: string;
  readonly isDefaultAccount: boolean;
  readonly isActive: boolean;
  readonly phoneNumber: string;
  readonly address1: string;
  readonly address2: string;
  readonly city: string;
  readonly state: string;
  readonly postalCode: string;
  readonly country: string;
  readonly language: string;
  readonly timezone: string;
  readonly currency: string;
  /** A time by ISO 8601, in UTC. */
  readonly createdAt: string;
  /** A time by ISO 8601, in UTC. */
  readonly updatedAt: string;
  /** Raised by every change of the account. */
  readonly revision: number;
  /** What another system calls it; no other account has the same. */
  readonly externalId: string | null;
  /** What other systems note about it: at most 50 texts, and 8 KiB of UTF-8 in all. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An account that a user is a member of. */
export interface AccountOfUser {
  /** Id of the user's profile in the account. */
  readonly userProfileId: number;
  readonly account: Account;
}

/** The fields of a new account. */
export interface NewAccount {
  /** Drawn at random where it is not given. */
  readonly accountNumber?: string | undefined;
  readonly companyName: string;
  readonly isActive?: boolean | undefined;
  readonly phoneNumber?: string | undefined;
  readonly address1?: string | undefined;
  readonly address2?: string | undefined;
  readonly city?: string | undefined;
  readonly state?: string | undefined;
  readonly postalCode?: string | undefined;
  readonly country?: string | undefined;
  readonly language?: string | undefined;
  readonly timezone?: string | undefined;
  readonly currency?: string | undefined;
  readonly externalId?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** A change of an account. Null sets a text to its default. */
export interface AccountChanges {
  readonly companyName?: string | undefined;
  readonly isActive?: boolean | undefined;
  /** Makes it the default account, in place of the present one. */
  readonly isDefaultAccount?: true | undefined;
  readonly phoneNumber?: string | null | undefined;
  readonly address1?: string | null | undefined;
  readonly address2?: string | null | undefined;
  readonly city?: string | null | undefined;
  readonly state?: string | null | undefined;
  readonly postalCode?: string | null | undefined;
  readonly country?: string | null | undefined;
  readonly language?: string | null | undefined;
  readonly timezone?: string | null | undefined;
  readonly currency?: string | null | undefined;
  readonly externalId?: string | null | undefined;
  /** Merged into what there is: null removes a name, or, in place of all, every name. */
  readonly metadata?: Readonly<Record<string, string | null>> | null | undefined;
}
