import * as z from 'zod';
import { ACCOUNT_NUMBER } from '../account-number.ts';
import { formatApiKey } from '../api-key.ts';
import {
  insertKey,
  type KeyAttempt,
  type MadeKey,
  type Obstacle,
  revokeKey as revokeKeyRow,
  rotateKey as rotateKeyRow,
  toMadeKey,
  updateKey,
} from '../db/key-writes.ts';
import { sha256Of } from '../sha256.ts';
import { unknownAccount, unknownKey } from './absence.ts';
import { type Caller, SCOPES, type Writer } from './caller.ts';
import { refuseOther } from './deletion.ts';
import type { Deps } from './deps.ts';
import { RefusedError } from './errors.ts';
import { boundedArray, changesOf, DateTime, text, toDate } from './fields.ts';
import { refuseFormerRights, requireNoLonger, requireScopes, rightsOf } from './key-rights.ts';
import { deriveSecret, drawSecret } from './key-secret.ts';
import { ApiKey, toApiKey } from './keys.ts';
import {
  authorOf,
  claimOf,
  create,
  type Created,
  type Done,
  type Idempotency,
  type Precondition,
  rowStates,
  write,
} from './write.ts';

const fields = {
  name: text(100, 1),
  scopes: boundedArray(
    z
      .array(z.enum(SCOPES, `must be one of ${SCOPES.join(', ')}`))
      .min(1, 'must name a scope')
      .refine((scopes) => new Set(scopes).size === scopes.length, 'names a scope twice'),
    SCOPES.length,
    'scopes',
  ).meta({ override: ({ jsonSchema }) => Object.assign(jsonSchema, { uniqueItems: true }) }),
  expiresAt: DateTime.nullable().meta({ description: 'Null: never.' }),
};

/** What a key is created from. */
export const NewKey = z
  .strictObject({
    ...fields,
    accountNumber: z.string().regex(ACCOUNT_NUMBER, 'must be like 1234-5678-9012').optional().meta({
      description: 'The only account that the key will see; without it, all of them. Never changes.',
    }),
    expiresAt: fields.expiresAt.optional(),
  })
  .meta({ id: 'NewApiKey' });
export type NewKey = z.infer<typeof NewKey>;

export const KeyChanges = changesOf(fields).meta({ id: 'ApiKeyChanges' });
export type KeyChanges = z.infer<typeof KeyChanges>;

const MAX_GRACE_S = 604_800;
const DEFAULT_GRACE_S = 86_400;

/** How a key gets its next secret. */
export const KeyRotation = z
  .strictObject({
    gracePeriodSeconds: z
      .int('must be a whole number')
      .min(0, 'must not be negative')
      .max(MAX_GRACE_S, `must be at most ${MAX_GRACE_S}`)
      .default(DEFAULT_GRACE_S)
      .meta({ description: 'How long the secret until now stays good; with 0 it is refused at once.' }),
  })
  .meta({ id: 'ApiKeyRotation' });
export type KeyRotation = z.infer<typeof KeyRotation>;

/** A key with its secret, which is shown once. */
export const IssuedKey = ApiKey.extend({
  key: z.string().meta({ description: 'The whole key. It is stored nowhere and never shown again.' }),
}).meta({ id: 'IssuedApiKey' });
export type IssuedKey = z.infer<typeof IssuedKey>;

/** A creation that may be asked for again: its secret is derived from the key of who asks. */
export interface RepeatableIssue {
  readonly idempotency: Idempotency;
  readonly makersKey: string;
}

/**
 * Creates a key that may do no more than its maker, and no longer; throws `account_does_not_exist`, `too_many_keys` and `forbidden`. Asked for again, the
 * same key is shown, to who has the same key as then; else throws `idempotency_key_reused`.
 */
export async function createKey(
  deps: Deps,
  writer: Writer,
  key: NewKey,
  again?: RepeatableIssue,
): Promise<Created<IssuedKey>> {
  const expiresAt = toDate(key.expiresAt) ?? null;
  requireScopes(writer.caller, key.scopes);
  requireNoLonger(writer.caller, expiresAt);
  const salt = drawSecret();
  const drawn = again ? await deriveSecret(again.makersKey, salt) : drawSecret();
  const accountNumber = key.accountNumber ?? null;
  const row = {
    ...key,
    accountNumber,
    expiresAt,
    sha256: await sha256Of(drawn),
  };
  const claim = claimOf(writer, again?.idempotency);
  const { maker } = rightsOf(writer.caller);
  const { keysPerAccount } = deps.platform;
  const insert = () =>
    insertKey(deps.db, authorOf(writer), maker, row, claim && { ...claim, salt }, keysPerAccount);
  const created = await create(deps, claim, insert, (kept) => toMadeKey(kept) ?? 'account');
  const made = requireMade(created.value, keysPerAccount);
  const secret = again ? await deriveAgain(made, again.makersKey) : drawn;
  return {
    ...created,
    value: issue(
      deps,
      toApiKey({ ...made.row, accountNumber, isAccountGone: false, lastUsedAt: null }),
      secret,
    ),
  };
}

/** Changes a key that may do no more than the caller; throws `key_does_not_exist`, `forbidden` and `precondition_failed`. */
export async function changeKey(
  deps: Deps,
  writer: Writer,
  keyId: number,
  changes: KeyChanges,
  precondition: Precondition,
): Promise<Done<ApiKey>> {
  const { caller } = writer;
  if (changes.scopes) requireScopes(caller, changes.scopes);
  const expiresAt = toDate(changes.expiresAt);
  if (expiresAt !== undefined) requireNoLonger(caller, expiresAt);
  const values = { ...changes, expiresAt };
  const states = rowStates(precondition);
  const attempt = await write(deps, () =>
    updateKey(deps.db, authorOf(writer), keyId, values, rightsOf(caller), states),
  );
  return { value: requireDone(caller, attempt), token: attempt.token };
}

/**
 * Gives a key that may do no more than the caller another secret. The one until now stays good for the grace period, and
 * the one before that no longer. Asked for again, the same secret is shown and nothing changes, for it is derived from the
 * caller's key and the name of the request. Throws `key_does_not_exist`, `forbidden`, `key_is_revoked` and
 * `idempotency_key_reused`.
 */
export async function rotateKey(
  deps: Deps,
  writer: Writer,
  keyId: number,
  { gracePeriodSeconds }: KeyRotation,
  again?: RepeatableIssue,
): Promise<Created<IssuedKey>> {
  const { caller } = writer;
  const secret = again
    ? await deriveSecret(again.makersKey, `rotate:${keyId}:${again.idempotency.key}`)
    : drawSecret();
  const sha256 = await sha256Of(secret);
  const attempt = await write(deps, () =>
    rotateKeyRow(deps.db, authorOf(writer), keyId, sha256, gracePeriodSeconds, rightsOf(caller)),
  );
  const key = requireRotated(caller, attempt, sha256);
  const isReplay = !attempt.isDone;
  // Whoever was answered first may not have invalidated yet.
  const token = isReplay ? { unsharedSinceMs: deps.cache.clock.now() } : attempt.token;
  return { value: issue(deps, key, secret), token, isReplay };
}

/** Ends a key for good, whatever it may do, for a leaked key cannot wait; again is no error. Throws `key_does_not_exist` and `forbidden`. */
export async function revokeKey(deps: Deps, writer: Writer, keyId: number): Promise<Done<ApiKey>> {
  const rights = rightsOf(writer.caller);
  const attempt = await write(deps, () => revokeKeyRow(deps.db, authorOf(writer), keyId, rights));
  const { key, token, isDone, isAllowed } = attempt;
  // A key that has just ended itself is allowed nothing any more.
  if (key && !isDone && !isAllowed) throw refuseFormerRights();
  return { value: toApiKey(key ?? unknownKey()), token };
}

function requireMade(made: MadeKey | Obstacle, keysPerAccount: number): MadeKey {
  if (made === 'rights') throw refuseFormerRights();
  if (made === 'room') {
    const detail = `an account has at most ${keysPerAccount} keys; revoke those that are not needed`;
    throw new RefusedError('too_many_keys', detail);
  }
  return made === 'account' ? unknownAccount() : made;
}

function requireDone(caller: Caller, { isDone, isAllowed, key: row }: KeyAttempt): ApiKey {
  if (!row) unknownKey();
  const key = toApiKey(row);
  if (isDone) return key;
  requireScopes(caller, row.scopes);
  requireNoLonger(caller, row.expiresAt);
  throw isAllowed ? refuseOther(key) : refuseFormerRights();
}

function requireRotated(caller: Caller, attempt: KeyAttempt, sha256: string): ApiKey {
  const { isDone, key, hashes } = attempt;
  if (isDone || !key) return requireDone(caller, attempt);
  if (key.revokedAt) throw new RefusedError('key_is_revoked', 'the key was revoked; create another one');
  const [now, before] = hashes;
  // Whatever the caller may do by now: they can derive the secret by themselves.
  if (now === sha256) return toApiKey(key);
  if (before !== sha256) return requireDone(caller, attempt);
  throw new RefusedError(
    'idempotency_key_reused',
    'the key was rotated again after this Idempotency-Key came',
  );
}

function issue({ platform: { environment } }: Deps, key: ApiKey, secret: string): IssuedKey {
  return { ...key, key: formatApiKey({ environment, id: key.id, secret }) };
}

async function deriveAgain({ row, salt }: MadeKey, makersKey: string): Promise<string> {
  const secret = salt === null ? '' : await deriveSecret(makersKey, salt);
  if ((await sha256Of(secret)) === row.sha256) return secret;
  throw new RefusedError(
    'idempotency_key_reused',
    `key ${row.id} was created with another key than this one, without which its secret cannot be shown again`,
  );
}
