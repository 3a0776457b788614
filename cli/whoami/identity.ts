import { bodyOf, bodyUnless } from '../api/answer.ts';
import { failureOf } from '../api/problem.ts';
import type { Session } from '../api/session.ts';
import { SCOPES, type Scope } from '../keys/scopes.ts';

/** What is known of a key. */
export interface Identity {
  readonly url: string;
  /** Such as `key:12`, as in the audit log. */
  readonly caller: string;
  /** Null where only a key with `keys:write` may know it. */
  readonly name: string | null;
  readonly scopes: readonly Scope[];
  /** The rights of which no request can tell whether the key has them. */
  readonly unknown: readonly Scope[];
  readonly accountNumber?: string | null;
  readonly expiresAt?: string | null;
}

/** No row has it. */
const NO_ID = String(Number.MAX_SAFE_INTEGER);

/** For a right, a request that changes nothing, and that only a key without the right is refused for it. */
const PROBES: Readonly<Partial<Record<Scope, readonly [method: string, path: string]>>> = {
  'directory:read': ['GET', `/v1/users/${NO_ID}`],
  'directory:write': ['DELETE', `/v1/users/${NO_ID}?dryRun=true`],
  'audit:read': ['GET', '/v1/deletions?limit=1'],
};

/** Finds out what the key may do; throws a failure for a key that is not good. */
export async function identify(session: Session): Promise<Identity> {
  const { url, keyId, client } = session;
  const page = await bodyUnless(403, client.v1.keys.$get({ query: { limit: '1' } }));
  if (keyId === null) return { url, caller: 'root', name: 'the root key', scopes: SCOPES, unknown: [] };
  const caller = `key:${keyId}`;
  if (page === null) return { url, caller, name: null, ...(await probe(session)) };
  const key = await bodyOf(client.v1.keys[':keyId'].$get({ param: { keyId } }));
  const { name, scopes, accountNumber, expiresAt } = key;
  return { url, caller, name, scopes, unknown: [], accountNumber, expiresAt };
}

async function probe(session: Session): Promise<Pick<Identity, 'scopes' | 'unknown'>> {
  const probed = await Promise.all(
    Object.entries(PROBES).map(async ([scope, [method, path]]) => {
      const response = await session.send(path, { method });
      if (response.status === 401 || response.status >= 500) throw await failureOf(response);
      const isLacking = response.status === 403 && (await response.text()).includes(`scope ${scope}`);
      return isLacking ? [] : [scope as Scope];
    }),
  );
  return { scopes: probed.flat(), unknown: ['cache:invalidate', 'rights:write'] };
}
