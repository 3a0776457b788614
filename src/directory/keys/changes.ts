import * as z from 'zod';
import { formatApiKey } from './api-key.ts';
import {
  changeKeyRow,
  createKeyRow,
  type KeyWriteOutcome,
  type MadeKey,
  type NewKeyRow,
  type Obstacle,
  rotateKeyRow,
  toMadeKey,
} from '../../db/writes/keys/keys.ts';
import { sha256Of } from '../../lib/hash.ts';
import { unknownAccount, unknownKey } from '../absence.ts';
import { type Caller, SCOPES, type Writer } from '../caller.ts';
import { otherRevisionError } from '../deletion.ts';
import type { Deps } from '../deps.ts';
import { FieldError, RefusedError } from '../errors.ts';
import { AccountNumber, boundedArray, changesOf, DateTime, text, toDate } from '../fields.ts';
import { formerRightsError, requireNoLonger, requireScopes, rightsOf } from './rights.ts';
import { deriveSecret, drawSecret } from './secret.ts';
import { ApiKey, toApiKey } from './keys.ts';
import {
  answeredBefore,
  authorOf,
  claimOf,
  create,
  type Written,
  type Idempotency,
  type Precondition,
  rowStates,
  write,
} from '../write.ts';

/** The fault of a key that would be expired from the start; to end a key, callers revoke it. */
const NOT_IN_FUTURE = 'must be in the future';
const isInFuture = (time: string): boolean => Date.parse(time) > Date.now();

const EXPIRY = { description: 'In the future; null: never.' };

const fields = {
  name: text(100, 1),
  scopes: boundedArray(
    z
      .array(z.enum(SCOPES, `must be one of ${SCOPES.join(', ')}`))
      .min(1, 'must name a scope')
      .refine((scopes) => new Set(scopes).size === scopes.length, 'names a scope twice'),
    SCOPES.length,
    'scopes',
  ).meta({ uniqueItems: true }),
};

/** The fields of a new key. */
export const NewKey = z
  .strictObject({
    ...fields,
    accountNumber: AccountNumber.optional().meta({
      description: 'The only account that the key will see; without it, all of them. Never changes.',
    }),
    // `createKey` checks that it is in the future, after it has looked for a stored answer: a caller may repeat a creation whose key
    // has expired since.
    expiresAt: DateTime.nullable().meta(EXPIRY).optional(),
  })
  .meta({ id: 'NewApiKey' });
export type NewKey = z.infer<typeof NewKey>;

export const KeyChanges = changesOf({
  ...fields,
  expiresAt: DateTime.refine(isInFuture, NOT_IN_FUTURE).nullable().meta(EXPIRY),
}).meta({ id: 'ApiKeyChanges' });
export type KeyChanges = z.infer<typeof KeyChanges>;

const MAX_GRACE_S = 604_800;
const DEFAULT_GRACE_S = 86_400;

/** The options of a rotation. */
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

/** A creation or rotation that the caller may repeat: its secret is derived from the caller's own key. */
export interface RepeatableIssue {
  readonly idempotency: Idempotency;
  readonly makersKey: string;
}

/**
 * Creates a key that may do no more than its maker, and no longer; throws `account_does_not_exist`, `too_many_keys`, `forbidden`, and
 * `bad_request` for one that has expired. A repeated request answers the same key, if the caller has the same key as before; else
 * it throws `idempotency_key_reused`.
 */
export async function createKey(
  deps: Deps,
  writer: Writer,
  key: NewKey,
  again?: RepeatableIssue,
): Promise<Written<IssuedKey>> {
  const expiresAt = toDate(key.expiresAt) ?? null;
  requireScopes(writer.caller, key.scopes);
  requireNoLonger(writer.caller, expiresAt);
  const { salt, drawn, sha256 } = await makeSecret(again);
  const accountNumber = key.accountNumber ?? null;
  const row = { ...key, accountNumber, expiresAt, sha256 };
  const claim = claimOf(writer, again?.idempotency);
  const { maker } = rightsOf(writer.caller);
  const { keysPerAccount } = deps.platform;
  const insert = () =>
    createKeyRow(deps.db, authorOf(writer), maker, row, claim && { ...claim, salt }, keysPerAccount);
  const replay = (kept: unknown): MadeKey | Obstacle => toMadeKey(kept) ?? 'account';
  const isExpired = typeof key.expiresAt === 'string' && !isInFuture(key.expiresAt);
  const created = isExpired
    ? ((await answeredBefore(deps, claim, replay)) ?? refuseExpired())
    : await create(deps, claim, insert, replay);
  const made = requireMade(created.value, row, keysPerAccount);
  const secret = again ? await deriveAgain(made, again.makersKey) : drawn;
  const value = toApiKey({ ...made.key, accountNumber, isAccountGone: false });
  return { ...created, value: issue(deps, value, secret) };
}

/** Changes a key that may do no more than the caller; throws `key_does_not_exist`, `forbidden` and `precondition_failed`. */
export async function changeKey(
  deps: Deps,
  writer: Writer,
  keyId: number,
  changes: KeyChanges,
  precondition: Precondition,
): Promise<Written<ApiKey>> {
  const { caller } = writer;
  if (changes.scopes) requireScopes(caller, changes.scopes);
  const expiresAt = toDate(changes.expiresAt);
  if (expiresAt !== undefined) requireNoLonger(caller, expiresAt);
  const values = { ...changes, expiresAt };
  const states = rowStates(precondition);
  const outcome = await write(deps, () =>
    changeKeyRow(deps.db, authorOf(writer), keyId, values, rightsOf(caller), states),
  );
  return { value: requireDone(caller, outcome), token: outcome.token };
}

/**
 * Gives a key that may do no more than the caller a new random secret. The present secret stays good for the grace period, and the
 * one before it no longer. A repeated request gets the stored answer, if the caller has the same key as before, whether or not that
 * secret is still good. Throws `key_does_not_exist`, `forbidden`,
 * `key_is_revoked` and `idempotency_key_reused`.
 */
export async function rotateKey(
  deps: Deps,
  writer: Writer,
  keyId: number,
  { gracePeriodSeconds }: KeyRotation,
  again?: RepeatableIssue,
): Promise<Written<IssuedKey>> {
  const { caller } = writer;
  const { salt, drawn, sha256 } = await makeSecret(again);
  const claim = claimOf(writer, again?.idempotency);
  const rotate = () =>
    rotateKeyRow(
      deps.db,
      authorOf(writer),
      keyId,
      sha256,
      gracePeriodSeconds,
      rightsOf(caller),
      claim && { ...claim, salt },
    );
  const created = await create(deps, claim, rotate, (kept) => ({ made: requireKept(kept) }));
  const made = created.value.made ?? refuseRotation(caller, created.value.outcome);
  const secret = again ? await deriveAgain(made, again.makersKey) : drawn;
  return { ...created, value: issue(deps, toApiKey(made.key), secret) };
}

function refuseExpired(): never {
  throw new FieldError([{ name: 'expiresAt', detail: NOT_IN_FUTURE }]);
}

function requireMade(
  made: MadeKey | Obstacle,
  { accountNumber }: Pick<NewKeyRow, 'accountNumber'>,
  keysPerAccount: number,
): MadeKey {
  if (made === 'rights') throw formerRightsError();
  if (made === 'room') {
    const room =
      accountNumber === null
        ? `at most ${keysPerAccount} keys that are bound to no account may be good at a time`
        : `an account has at most ${keysPerAccount} keys that are not revoked`;
    throw new RefusedError('too_many_keys', `${room}; revoke those that are not needed`);
  }
  return made === 'account' ? unknownAccount() : made;
}

function requireDone(caller: Caller, { isDone, isAllowed, current: row }: KeyWriteOutcome): ApiKey {
  if (!row) unknownKey();
  const key = toApiKey(row);
  if (isDone) return key;
  requireScopes(caller, row.scopes);
  requireNoLonger(caller, row.expiresAt);
  throw isAllowed ? otherRevisionError(key) : formerRightsError();
}

function refuseRotation(caller: Caller, outcome: KeyWriteOutcome): never {
  if (outcome.current?.revokedAt)
    throw new RefusedError('key_is_revoked', 'the key was revoked; create another one');
  requireDone(caller, outcome);
  throw formerRightsError();
}

function requireKept(kept: unknown): MadeKey {
  const made = toMadeKey(kept);
  if (!made) throw new Error('the stored answer of a rotation has no key');
  return made;
}

/** A new secret. A caller that may repeat the request can derive it again from its own key and the salt. */
async function makeSecret(again: RepeatableIssue | undefined) {
  const salt = drawSecret();
  const drawn = again ? await deriveSecret(again.makersKey, salt) : drawSecret();
  return { salt, drawn, sha256: await sha256Of(drawn) };
}

function issue({ platform: { environment } }: Deps, key: ApiKey, secret: string): IssuedKey {
  return { ...key, key: formatApiKey({ environment, id: key.id, secret }) };
}

async function deriveAgain({ key, sha256, salt }: MadeKey, makersKey: string): Promise<string> {
  const secret = salt === null ? '' : await deriveSecret(makersKey, salt);
  if ((await sha256Of(secret)) === sha256) return secret;
  throw new RefusedError(
    'idempotency_key_reused',
    `the secret of key ${key.id} was derived from another key than yours, and can be shown again only to that key`,
  );
}
