import type { KeyRights } from '../../db/writes/keys/keys.ts';
import { type Caller, SCOPES } from '../caller.ts';
import { RefusedError } from '../errors.ts';

// A caller gives only what it has: its scopes, its account, and a life no longer than its own.

/** The rights that the caller can give, in the form that the statements need which change keys. */
export function rightsOf({ key, accountNumber, scopes, expiresAt }: Caller): KeyRights {
  const until = expiresAt === undefined ? null : new Date(expiresAt);
  return {
    reach: accountNumber,
    maker: key ? { ...key, reach: accountNumber } : null,
    scopes: [...scopes],
    until,
  };
}

/** The error of a write when the caller's key has lost the rights that it had when the request began. */
export function formerRightsError(): RefusedError {
  return new RefusedError('forbidden', 'your own key no longer has these rights');
}

/** Throws `forbidden` unless the caller may do all that the scopes allow. */
export function requireScopes({ scopes: own }: Caller, scopes: readonly string[]): void {
  const missing = scopes.filter((name) => !SCOPES.some((scope) => scope === name && own.has(scope)));
  if (missing.length > 0) {
    throw new RefusedError('forbidden', `the key would have scopes that you lack: ${missing.join(', ')}`);
  }
}

/** Throws `forbidden` when the caller's rights end before those of a key that expires then. */
export function requireNoLonger({ expiresAt: own }: Caller, expiresAt: Date | null): void {
  const isLonger = own !== undefined && (expiresAt === null || expiresAt.getTime() > Date.parse(own));
  if (isLonger) throw new RefusedError('forbidden', `the key would outlive yours, which expires at ${own}`);
}
