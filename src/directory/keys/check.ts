import { readForRights } from '../../cache/read-through.ts';
import { noteKeyUse } from '../../db/reads/keys.ts';
import { describeError } from '../../lib/log.ts';
import { timingSafeEqual } from '../../lib/timing-safe-equal.ts';
import { type Caller, knownScopes } from '../caller.ts';
import { type CheckedKey, apiKeyById } from './checked-key.ts';
import type { Deps } from '../deps.ts';
import { USE_RESOLUTION_MS } from './uses.ts';

/** The reason why a key is refused. A caller that has its secret may know that the key was good. */
export type KeyFault = 'expired' | 'inactive' | 'invalid' | 'revoked';

/**
 * Finds the caller that the key with this id and the SHA-256 of its secret belongs to, or the reason why the key is refused. Reads
 * through the cache without the request's demands: a revocation takes effect as late as any other change. Throws
 * `OriginUnavailable`.
 */
export async function checkKey(deps: Deps, id: number, sha256: string): Promise<Caller | KeyFault> {
  const key = await readForRights(deps.cache, apiKeyById, deps, id);
  const nowMs = deps.cache.clock.now();
  if (!key) return 'invalid';
  const isRetiring = !timingSafeEqual(sha256, key.sha256);
  if (isRetiring && !isInGrace(key, sha256, nowMs)) return 'invalid';
  if (key.revokedAt !== null) return 'revoked';
  if (isPast(key.expiresAt, nowMs)) return 'expired';
  if (!key.isAccountActive) return 'inactive';
  noteUse(deps, id, nowMs);
  return callerOf(key, sha256, isRetiring);
}

// The secret before the rotation may have leaked, and must not create a key that outlives the grace period.
function callerOf(
  { id, scopes, accountNumber, expiresAt }: CheckedKey,
  sha256: string,
  isRetiring: boolean,
): Caller {
  const known = knownScopes(scopes);
  return {
    id: `key:${id}`,
    scopes: new Set(isRetiring ? known.filter((scope) => scope !== 'keys:write') : known),
    accountNumber,
    key: { id, sha256 },
    ...(expiresAt !== null && { expiresAt }),
    ...(isRetiring && { isRetiring }),
  };
}

/** True if the presented secret is the one before the last rotation, and still good. */
function isInGrace(
  { previousSha256, previousValidUntil }: CheckedKey,
  presented: string,
  nowMs: number,
): boolean {
  if (previousSha256 === null || isPast(previousValidUntil, nowMs)) return false;
  return timingSafeEqual(presented, previousSha256);
}

function isPast(end: string | null, nowMs: number): boolean {
  return end !== null && nowMs >= Date.parse(end);
}

// This runs after the answer, at most once per isolate and key within the resolution, whether it succeeds or not.
function noteUse(deps: Deps, keyId: number, nowMs: number): void {
  if (!deps.keyUses.take(keyId, nowMs)) return;
  const note = noteKeyUse(deps.db, keyId, USE_RESOLUTION_MS).catch((error: unknown) => {
    deps.log.warn('key_use_not_noted', { error: describeError(error) });
  });
  deps.cache.waitUntil(note);
}
