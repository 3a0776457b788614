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
import { RefusedError, type RefusalCode } from './errors.ts';
import { traceOrigin } from './origin-trace.ts';
import { readOrigin } from './uncached-read.ts';

/** What the caller has seen of what is to be changed: a row, and those it was shown with. Null: whatever it is. */
export type Precondition = readonly (readonly RowState[])[] | null;

/** The outcome of a write. */
export interface Written<T> {
  readonly value: T;
  /** The token for reads that must see the write; null: nothing was changed. */
  readonly token: Token | null;
  /** Whether the value is the answer to an earlier request with the same `Idempotency-Key`. */
  readonly isReplay?: boolean;
}

/** A creation that the caller may ask for again: `requestSha256` tells what was asked. */
export interface Idempotency {
  readonly key: string;
  readonly requestSha256: string;
}

const USERNAME_TAKEN = ['username_taken', 'a user has this username'] as const;

const refusals: Readonly<Record<string, readonly [RefusalCode, string]>> = {
  accounts_account_number_retired: [
    'account_number_retired',
    'an account that was deleted had this accountNumber; numbers are never given again',
  ],
  accounts_account_number_key: ['account_number_taken', 'an account has this accountNumber'],
  users_username_key: USERNAME_TAKEN,
  users_username_compared_key: USERNAME_TAKEN,
  user_profiles_account_id_user_id_key: ['user_profile_exists', 'the user has a profile in this account'],
};

export function usernameTaken(): RefusedError {
  return new RefusedError(...USERNAME_TAKEN);
}

/** The states of the row itself. */
export function rowStates(precondition: Precondition): RowState[] | null {
  return precondition && precondition.flatMap((rows) => rows[0] ?? []);
}

export function authorOf({ caller, requestId, isForced }: Writer): Authorship {
  return { actor: caller.id, requestId, isForced };
}

/**
 * Runs one batch and invalidates what it changed, after it has committed. Throws `RefusedError` for what a constraint
 * refuses, `OriginRefused` for what Postgres refuses for another reason, which was not done, and `OriginUnavailable` for any
 * other failure: whether such a write was done is then unknown. Where something came for an answer everything is invalidated.
 */
export async function write<W extends { readonly tags: readonly string[] }>(
  deps: Deps,
  run: () => Promise<W>,
): Promise<W & { token: Token | null }> {
  const written = await runOrThrow(deps, run);
  const token = written.tags.length > 0 ? await invalidate(deps.cache, written.tags) : null;
  return { ...written, token };
}

/** The same for a creation that is remembered under the caller's key; `replay` makes the value of what was kept. */
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

/** What was answered under the claim, for a creation that is not begun any more; null: nothing was. Throws `idempotency_key_reused`. */
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
  if (!kept) throw new OriginUnavailable('what was answered has just been forgotten');
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
  throw new RefusedError('idempotency_key_reused', 'this Idempotency-Key came with another request before');
}

// Whoever was answered first may not have invalidated yet.
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
    log.error('write_failed', { constraint, error: describeError(error) });
    if (isGarbled(error)) invalidateBlindly(cache);
    if (isRefusedForGood(error)) throw new OriginRefused('the write was refused', { cause: error });
    throw new OriginUnavailable('the write could not be done', { cause: error });
  }
}
