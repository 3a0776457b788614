import {
  MAX_DESCENT,
  MAX_REVOKED,
  type Revocation,
  revokeKeyRows,
  selectRevocation,
} from '../../db/writes/keys/revocations.ts';
import type { ShownKey } from '../../db/reads/keys.ts';
import { unknownKey } from '../absence.ts';
import type { Writer } from '../caller.ts';
import type { Deletion } from '../deletion.ts';
import type { Deps } from '../deps.ts';
import { RefusedError } from '../errors.ts';
import { formerRightsError, rightsOf } from './rights.ts';
import { type ApiKey, toApiKey } from './keys.ts';
import { authorOf, type Written, write } from '../write.ts';

/** Revokes a key, whatever its scopes, because a leaked key cannot wait. Revoking it again is no error. Throws `key_does_not_exist` and `forbidden`. */
export async function revokeKey(deps: Deps, writer: Writer, keyId: number): Promise<Written<ApiKey>> {
  const rights = rightsOf(writer.caller);
  const revocation = await write(deps, () => revokeKeyRows(deps.db, authorOf(writer), keyId, rights, false));
  return { value: toApiKey(requireEnded(revocation)), token: revocation.token };
}

/** The options of a revocation. */
export interface RevocationOptions {
  /** True if it also revokes the keys that the key created, those that they created, and so on. */
  readonly withDescendants: boolean;
  readonly dryRun: boolean;
}

/**
 * Revokes a key as `revokeKey` does, and counts the keys that it revoked, or with `dryRun` would revoke; keys that were revoked
 * before do not count. Throws `too_many_keys`, and revokes none, when there are more descendants than one statement revokes.
 */
export async function revokeKeys(
  deps: Deps,
  writer: Writer,
  keyId: number,
  { withDescendants, dryRun }: RevocationOptions,
): Promise<Written<Deletion>> {
  const rights = rightsOf(writer.caller);
  const revocation = await write(deps, () =>
    dryRun
      ? selectRevocation(deps.db, keyId, rights.reach, withDescendants)
      : revokeKeyRows(deps.db, authorOf(writer), keyId, rights, withDescendants),
  );
  requireEnded(revocation);
  if (revocation.isTooMuch) throw tooManyKeysError();
  const { revoked, token } = revocation;
  return { value: { dryRun, accounts: 0, users: 0, userProfiles: 0, keys: revoked }, token };
}

function tooManyKeysError(): RefusedError {
  const detail = `the key and what it made, directly or not, are more than ${MAX_DESCENT} keys, or more than ${MAX_REVOKED} that are not revoked; revoke the key alone, and then each that it made (createdBy) with its own descendants`;
  return new RefusedError('too_many_keys', detail);
}

function requireEnded({ key, revoked, isAllowed, isTooMuch }: Revocation): ShownKey {
  // A key that has just revoked itself has no rights any more.
  if (key && revoked === 0 && !isAllowed && !isTooMuch) throw formerRightsError();
  return key ?? unknownKey();
}
