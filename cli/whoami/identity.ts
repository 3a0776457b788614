import { bodyOf, bodyUnless } from '../api/answer.ts';
import type { Session } from '../api/session.ts';
import { SCOPES, type Scope } from '../keys/scopes.ts';
import { probeRights } from './probe.ts';

/** A key, as far as it is known. */
export interface Identity {
  readonly url: string;
  /** Such as `key:12`, as in the audit log. */
  readonly caller: string;
  /** Null where only a key with `keys:write` may know it. */
  readonly name: string | null;
  readonly scopes: readonly Scope[];
  /** The rights of which no harmless request tells whether the key has them. */
  readonly unknown: readonly Scope[];
  readonly accountNumber?: string | null;
  readonly expiresAt?: string | null;
}

/** Finds out what the key may do; throws a failure for a key that is not good. */
export async function identify(session: Session): Promise<Identity> {
  const { url, keyId, client } = session;
  const page = await bodyUnless(403, client.v1.keys.$get({ query: { limit: '1' } }));
  if (keyId === null) return { url, caller: 'root', name: 'the root key', scopes: SCOPES, unknown: [] };
  const caller = `key:${keyId}`;
  if (page === null) return { url, caller, name: null, ...(await probeRights(session)) };
  const key = await bodyOf(client.v1.keys[':keyId'].$get({ param: { keyId } }));
  const { name, scopes, accountNumber, expiresAt } = key;
  return { url, caller, name, scopes, unknown: [], accountNumber, expiresAt };
}
