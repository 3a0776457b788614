import { and, eq, isNull, lt, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { idempotencyKeys } from '../schema/managing.ts';

/** A creation that its caller may ask for again. */
export interface IdempotencyClaim {
  readonly caller: string;
  readonly key: string;
  readonly requestSha256: string;
}

/** Named here to be told from a constraint of the thing created. */
export const IDEMPOTENCY_CONSTRAINT = 'idempotency_keys_pkey';

/** How long a creation is remembered. */
const REMEMBERED = sql`interval '24 hours'`;

/**
 * The statements that begin a creation: the second of two at once waits here for the first, and fails on
 * `IDEMPOTENCY_CONSTRAINT` once that is committed.
 */
export function claimIdempotencyKey(db: Db, { caller, key, requestSha256 }: IdempotencyClaim) {
  const isSame = and(eq(idempotencyKeys.caller, caller), eq(idempotencyKeys.key, key));
  return [
    db.delete(idempotencyKeys).where(and(isSame, isForgotten())),
    db.insert(idempotencyKeys).values({ caller, key, requestSha256 }),
  ] as const;
}

/** The statement that ends a creation: keeps what the query selects, one JSON value, as its answer. */
export function keepAnswer(db: Db, { caller, key }: IdempotencyClaim, answer: SQL) {
  return db
    .update(idempotencyKeys)
    .set({ answer: sql`(${answer})` })
    .where(and(eq(idempotencyKeys.caller, caller), eq(idempotencyKeys.key, key)));
}

/** The statement after it where the creation may come to nothing: it can be asked for again under its key. */
export function forgetUnanswered(db: Db, { caller, key }: IdempotencyClaim) {
  return db
    .delete(idempotencyKeys)
    .where(
      and(eq(idempotencyKeys.caller, caller), eq(idempotencyKeys.key, key), isNull(idempotencyKeys.answer)),
    );
}

/** What was asked and answered under the key; null when nothing was, or no longer. */
export async function selectKeptAnswer(
  db: Db,
  { caller, key }: IdempotencyClaim,
): Promise<{ requestSha256: string; answer: unknown } | null> {
  const [row] = await db
    .select({ requestSha256: idempotencyKeys.requestSha256, answer: idempotencyKeys.answer })
    .from(idempotencyKeys)
    .where(and(eq(idempotencyKeys.caller, caller), eq(idempotencyKeys.key, key)));
  return row ?? null;
}

/** Deletes what need not be remembered any more, at most `limit` rows, the oldest first. */
export function deleteForgottenAnswers(db: Db, limit: number) {
  const forgotten = db
    .select({ ctid: sql`ctid` })
    .from(idempotencyKeys)
    .where(isForgotten())
    .orderBy(idempotencyKeys.createdAt)
    .limit(limit);
  return db.delete(idempotencyKeys).where(sql`ctid = any(array(${forgotten}))`);
}

function isForgotten(): SQL {
  return lt(idempotencyKeys.createdAt, sql`now() - ${REMEMBERED}`);
}
