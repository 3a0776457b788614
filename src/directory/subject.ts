/** The thing that a request is about; it decides who may see the answer. */
export type Subject =
  /** More than one account's affairs. */
  | { readonly kind: 'everything' }
  /** API keys: every statement about them shows a caller none but those within its reach, so nothing is asked here. */
  | { readonly kind: 'keys' }
  /** What was changed: the same goes for the statements that read it. */
  | { readonly kind: 'changes' }
  /** What the caller sees: the statement itself shows a caller no other. */
  | { readonly kind: 'search' }
  /** The audit log, likewise. */
  | { readonly kind: 'audit' }
  /** Deletions, likewise. */
  | { readonly kind: 'deletions' }
  | { readonly kind: 'account'; readonly accountNumber: string }
  | { readonly kind: 'account-external-id'; readonly externalId: string }
  | { readonly kind: 'default-account' }
  | { readonly kind: 'platform-admin' }
  | { readonly kind: 'user'; readonly userId: number }
  | { readonly kind: 'username'; readonly username: string }
  | { readonly kind: 'user-external-id'; readonly externalId: string }
  | { readonly kind: 'account-of-user'; readonly userId: number }
  | { readonly kind: 'user-profile'; readonly userProfileId: number };
