import { OriginRefused, OriginUnavailable } from '../cache/errors.ts';
import { invalidate, invalidateBlindly } from '../cache/invalidate.ts';
import type { Token } from '../cache/logical-time.ts';
import { isGarbled, isRefusedForGood } from '../db/client/errors.ts';
import { IDEMPOTENCY_CONSTRAINT, type IdempotencyClaim, selectKeptAnswer } from '../db/writes/idempotency.ts';
import {
  type Authorship,
  type CreateOutcome,
  type RowState,
  violatedConstraint,
} from '../db/writes/write-batch.ts';
import { describeError } from '../lib/log.ts';
import type { Writer } from './caller.ts';
import type { Deps } from './deps.ts';
import { FieldError, RefusedError, type RefusalCode } from './errors.ts';
import { METADATA_BOUNDS } from './other-systems.ts';
import { readOrigin, traceOrigin } from './uncached-read.ts';

/** The states that the caller has seen of the row to change and of the rows that it was shown with; null: any state. */
export type Precondition = readonly (readonly RowState[])[] | null;

/** The outcome of a write. */
export interface Written<T> {
  readonly value: T;
  /** The token for reads that must see the write; null: nothing was changed. */
  readonly token: Token | null;
  /** True if the value is the answer to an earlier request with the same `Idempotency-Key`. */
  readonly isReplay?: boolean;
}

/** The idempotency key of a creation; `requestSha256` identifies the request. */
export interface Idempotency {
  readonly key: string;
  readonly requestSha256: string;
}

const USERNAME_TAKEN = ['username_taken', 'a user has this username'] as const;

const EXTERNAL_ID_TAKEN = ['external_id_taken', 'another row of this kind has this externalId'] as const;

const refusals: Readonly<Record<string, readonly [RefusalCode, string]>> = {
  accounts_account_number_retired: [
    'account_number_retired',
    'a deleted account had this accountNumber; numbers are never reused',
  ],
  accounts_account_number_key: ['account_number_taken', 'an account has this accountNumber'],
  accounts_external_id_key: EXTERNAL_ID_TAKEN,
  users_external_id_key: EXTERNAL_ID_TAKEN,
  users_username_key: USERNAME_TAKEN,
  users_username_compared_key: USERNAME_TAKEN,
  user_profiles_account_id_user_id_key: ['user_profile_exists', 'the user has a profile in this account'],
};

const METADATA_CHECKS = ['accounts_metadata', 'users_metadata'];

export function idempotencyKeyReused(detail: string): RefusedError {
  return new RefusedError('idempotency_key_reused', detail);
}

export function usernameTaken(): RefusedError {
  return new RefusedError(...USERNAME_TAKEN);
}

export function externalIdTaken(): RefusedError {
  return new RefusedError(...EXTERNAL_ID_TAKEN);
}

/** The states of the row itself, without those of the rows that it was shown with. */
export function rowStates(precondition: Precondition): RowState[] | null {
  return precondition && precondition.flatMap((rows) => rows[0] ?? []);
}

export function authorOf({ caller, requestId, isForced }: Writer): Authorship {
  return { actor: caller.id, requestId, isForced };
}

/** The author of a deletion, which is kept for a restore where the deployment keeps any. */
export function deleterOf({ platform }: Deps, writer: Writer): Authorship {
  return { ...authorOf(writer), keepsNothing: platform.deletionsKeptDays === 0 };
}

/**
 * Runs one batch, and invalidates what it changed after it has committed. Throws `RefusedError` when a constraint refuses the write, `FieldError` for metadata that would be too large,
 * `OriginRefused` when Postgres refuses it for another reason, so that it was not done, and `OriginUnavailable` for any other
 * failure: then it is unknown whether the write was done. An answer that cannot be read invalidates everything.
 */
export async function write<W extends { readonly tags: readonly string[] }>(
  deps: Deps,
  run: () => Promise<W>,
): Promise<W & { token: Token | null }> {
  const written = await runOrThrow(deps, run);
  const token = written.tags.length > 0 ? await invalidate(deps.cache, written.tags) : null;
  return { ...written, token };
}

/** Runs a creation as `write` does. If its idempotency key has an answer already, `replay` makes the value from that answer. */
export async function create<T>(
  deps: Deps,
  claim: IdempotencyClaim | null,
  run: () => Promise<CreateOutcome<T>>,
  replay: (answer: unknown) => T,
): Promise<Written<T>> {
  try {
    const { value, token } = await write(deps, run);
    return { value, token };
  } catch (error) {
    if (!claim || violatedConstraint(error) !== IDEMPOTENCY_CONSTRAINT) throw error;
    return { value: await readKeptAnswer(deps, claim, replay), token: afterAnother(deps), isReplay: true };
  }
}

/** The stored answer to the claim, when the creation must not begin any more; null: there is none. Throws `idempotency_key_reused`. */
export async function answeredBefore<T>(
  deps: Deps,
  claim: IdempotencyClaim | null,
  replay: (answer: unknown) => T,
): Promise<Written<T> | null> {
  const kept = claim && (await findKeptAnswer(deps, claim, replay));
  return kept && { value: kept.value, token: afterAnother(deps), isReplay: true };
}

export function claimOf({ caller }: Writer, idempotency: Idempotency | undefined): IdempotencyClaim | null {
  return idempotency ? { caller: caller.id, ...idempotency } : null;
}

async function readKeptAnswer<T>(
  deps: Deps,
  claim: IdempotencyClaim,
  replay: (answer: unknown) => T,
): Promise<T> {
  const kept = await findKeptAnswer(deps, claim, replay);
  if (!kept) throw new OriginUnavailable('the stored answer has just expired');
  return kept.value;
}

async function findKeptAnswer<T>(
  deps: Deps,
  claim: IdempotencyClaim,
  replay: (answer: unknown) => T,
): Promise<{ readonly value: T } | null> {
  const kept = await readOrigin(deps, async () => {
    const row = await selectKeptAnswer(deps.db, claim);
    if (row?.requestSha256 !== claim.requestSha256) return row && 'of another request';
    return { value: replay(row.answer) };
  });
  if (kept !== 'of another request') return kept;
  throw idempotencyKeyReused('this Idempotency-Key came with another request before');
}

// The first request may not have invalidated the caches yet.
function afterAnother({ cache }: Deps): Token {
  return { unsharedSinceMs: cache.clock.now() };
}

export async function runOrThrow<W>(deps: Deps, run: () => Promise<W>): Promise<W> {
  const { cache, log } = deps;
  try {
    return await traceOrigin(deps, run);
  } catch (error) {
    const constraint = violatedConstraint(error);
    if (constraint === IDEMPOTENCY_CONSTRAINT) throw error;
    const [code, message] = refusals[constraint ?? ''] ?? [];
    if (code && message) throw new RefusedError(code, message);
    // Only Postgres knows what a change is merged into.
    if (constraint && METADATA_CHECKS.includes(constraint)) {
      throw new FieldError([{ name: 'metadata', detail: METADATA_BOUNDS }]);
    }
    log.error('write_failed', { constraint, error: describeError(error) });
    if (isGarbled(error)) invalidateBlindly(cache);
    if (isRefusedForGood(error)) throw new OriginRefused('the write was refused', { cause: error });
    throw new OriginUnavailable('the write could not be done', { cause: error });
  }
}
