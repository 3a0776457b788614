import { and, eq, isNull, lt, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { idempotencyKeys } from '../schema/managing.ts';

/** A creation that its caller may repeat. */
export interface IdempotencyClaim {
  readonly caller: string;
  readonly key: string;
  readonly requestSha256: string;
}

/** The constraint that refuses a repeated creation; the created row has constraints with other names. */
export const IDEMPOTENCY_CONSTRAINT = 'idempotency_keys_pkey';

/** A creation is remembered for so long. */
const REMEMBERED = sql`interval '24 hours'`;

/**
 * The first statements of a creation. Of two creations at once with the same key, the second waits here for the first, and
 * fails on `IDEMPOTENCY_CONSTRAINT` once the first has committed.
 */
export function claimIdempotencyKey(db: Db, { caller, key, requestSha256 }: IdempotencyClaim) {
  const isSame = and(eq(idempotencyKeys.caller, caller), eq(idempotencyKeys.key, key));
  return {
    expired: db.delete(idempotencyKeys).where(and(isSame, isForgotten())),
    claimed: db.insert(idempotencyKeys).values({ caller, key, requestSha256 }),
  };
}

/** The last statement of a creation: stores the one JSON value that the query selects as the creation's answer. */
export function keepAnswer(db: Db, { caller, key }: IdempotencyClaim, answer: SQL) {
  return db
    .update(idempotencyKeys)
    .set({ answer: sql`(${answer})` })
    .where(and(eq(idempotencyKeys.caller, caller), eq(idempotencyKeys.key, key)));
}

/** The statement after `keepAnswer` for a creation that can be refused: without an answer its key is free again. */
export function forgetUnanswered(db: Db, { caller, key }: IdempotencyClaim) {
  return db
    .delete(idempotencyKeys)
    .where(
      and(eq(idempotencyKeys.caller, caller), eq(idempotencyKeys.key, key), isNull(idempotencyKeys.answer)),
    );
}

/** The request and the answer that are stored under the key; null: nothing is, or no longer. */
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

/** Deletes rows that are older than the time for which creations are remembered: at most `limit`, the oldest first. */
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
