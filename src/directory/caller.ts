import { RefusedError } from './errors.ts';

/** The rights that a caller may have. */
export const SCOPES = [
  'directory:read',
  'directory:write',
  'cache:invalidate',
  'keys:write',
  'rights:write',
  'audit:read',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Those that this deployment knows: another one may have more, and they allow nothing here. */
export function knownScopes(names: readonly string[]): Scope[] {
  return SCOPES.filter((scope) => names.includes(scope));
}

/** The caller of a verb, with its rights. */
export interface Caller {
  /** Names the caller in logs, limits and the audit log, e.g. `key:12`; holds no secret. */
  readonly id: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Number of the only account that the caller sees; null: it sees all of them. */
  readonly accountNumber: string | null;
  /** A Worker without rights of its own, who gets what the documented look-ups do, the creation of an admin user included. */
  readonly isUnprivileged?: true;
  /** The end of the caller's rights, in ISO 8601; undefined if they do not end. */
  readonly expiresAt?: string;
  /** The key that was presented, so that Postgres is asked whether it is the one when keys are changed with it. */
  readonly key?: { readonly id: number; readonly sha256: string };
  /** Its secret is the one before the last rotation, in its grace period: it manages no keys. */
  readonly isRetiring?: true;
}

/** A caller in one request of theirs: what the audit log notes. */
export interface Writer {
  readonly caller: Caller;
  readonly requestId: string;
  /** They insist on what is protected. */
  readonly isForced?: boolean;
}

/** The holder of the bootstrap key. */
export const ROOT: Caller = { id: 'root', scopes: new Set(SCOPES), accountNumber: null };

/** Throws `forbidden`, naming the scope. */
export function requireScope({ scopes, isRetiring }: Caller, scope: Scope): void {
  if (scopes.has(scope)) return;
  const why = isRetiring ? ', which no secret in its grace period has; use the new one' : '';
  throw new RefusedError('forbidden', `this needs the scope ${scope}${scope === 'keys:write' ? why : ''}`);
}

/** Throws `forbidden` when the caller is bound to an account: for what changes another one. */
export function requireUnbound({ accountNumber }: Caller): void {
  if (accountNumber !== null) refuseBound();
}

export function refuseBound(): never {
  throw new RefusedError('forbidden', 'this is not for callers that are bound to an account');
}
