import { readThrough, recall } from '../cache/read-through.ts';
import { noteKeyUse } from '../db/keys.ts';
import { describeError } from '../log.ts';
import { isSameText } from '../same-text.ts';
import { type Caller, knownScopes } from './caller.ts';
import { type CheckedKey, keyById, keyOfKey } from './checked-key.ts';
import type { Deps } from './deps.ts';
import { USE_RESOLUTION_MS } from './key-uses.ts';

/** Why a key is refused. Whoever has its secret may know that it was good. */
export type KeyFault = 'expired' | 'invalid' | 'revoked';

/**
 * Whose the key with the id and the SHA-256 of its secret is, or why it is refused; throws `OriginUnavailable` when nobody can say. Reads through the cache, without
 * the demands of the request: a revocation is seen as late as any other change.
 */
export async function checkKey(deps: Deps, id: number, sha256: string): Promise<Caller | KeyFault> {
  const key = await (recall<CheckedKey>(deps.cache, keyOfKey(id)) ??
    readThrough(deps.cache, keyById(deps, id)));
  const nowMs = deps.cache.clock.now();
  const secret = key && secretOf(key, sha256, nowMs);
  if (!key || !secret) return 'invalid';
  if (key.revokedAt !== null) return 'revoked';
  if (isPast(key.expiresAt, nowMs)) return 'expired';
  noteUse(deps, id, nowMs);
  const expiresAt = earlierOf(key.expiresAt, secret.validUntil);
  return {
    id: `key:${id}`,
    scopes: new Set(knownScopes(key.scopes)),
    accountNumber: key.accountNumber,
    key: { id, sha256 },
    ...(expiresAt !== null && { expiresAt }),
  };
}

/** Which of the key's secrets was presented, and until when it is good; null: neither. */
function secretOf(
  { sha256, previousSha256, previousValidUntil }: CheckedKey,
  presented: string,
  nowMs: number,
): { readonly validUntil: string | null } | null {
  if (isSameText(presented, sha256)) return { validUntil: null };
  if (previousSha256 === null || isPast(previousValidUntil, nowMs)) return null;
  return isSameText(presented, previousSha256) ? { validUntil: previousValidUntil } : null;
}

// Who has the previous secret has its rights no longer than its grace period, and so gives none that last longer.
function earlierOf(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return Date.parse(one) < Date.parse(other) ? one : other;
}

function isPast(end: string | null, nowMs: number): boolean {
  return end !== null && nowMs >= Date.parse(end);
}

// After the answer, and at most once per isolate and key within the resolution, whether it succeeds or not.
function noteUse(deps: Deps, keyId: number, nowMs: number): void {
  if (!deps.keyUses.take(keyId, nowMs)) return;
  const note = noteKeyUse(deps.db, keyId, USE_RESOLUTION_MS).catch((error: unknown) => {
    deps.log.warn('key_use_not_noted', { error: describeError(error) });
  });
  deps.cache.waitUntil(note);
}
