import { and, arrayContained, eq, isNull, lte, sql, type SQL } from 'drizzle-orm';
import type { Db } from './client.ts';
import { claimIdempotencyKey, forgetUnanswered, type IdempotencyClaim } from './idempotency.ts';
import { isWithin, type Reach, selectShown, type ShownKey } from './keys.ts';
import { apiKeys, type ApiKeyRow } from './schema.ts';
import { fromSnapshot } from './snapshot.ts';
import { type Authorship, isInState, type RowState, type Values, writeBatch } from './write-batch.ts';

export interface NewKey {
  readonly name: string;
  readonly scopes: readonly string[];
  /** Null: the key is bound to no account. */
  readonly accountNumber: string | null;
  readonly expiresAt: Date | null;
  readonly sha256: string;
}

/** A claim on a key's creation, and what its secret is derived from again. */
export interface KeyClaim extends IdempotencyClaim {
  readonly salt: string;
}

/** A key that was made, and what its secret was derived from, if it was. */
export interface MadeKey {
  readonly row: ApiKeyRow;
  readonly salt: string | null;
}

/** What a change of a key may touch. */
export interface KeyRights {
  readonly reach: Reach;
  /** Keys that may do more are left as they are. */
  readonly scopes: readonly string[];
  /** And so are keys that live longer; null: nobody does. */
  readonly until: Date | null;
}

/** What became of a change. */
export interface KeyAttempt {
  readonly isDone: boolean;
  /** The key as it is now; null: there is none within reach. */
  readonly key: ShownKey | null;
  readonly tags: string[];
}

/** Inserts the key, and keeps it as the answer to the claim. The value is null when there is no such account. */
export async function insertKey(
  db: Db,
  author: Authorship,
  key: NewKey,
  claim: KeyClaim | null,
): Promise<{ value: MadeKey | null; tags: string[] }> {
  const insert = db.execute<{ made: unknown }>(insertAndKeep(key, claim));
  if (!claim) {
    const { results, tags } = await writeBatch(db, author, [insert]);
    return { value: toMadeKey(results[0].rows[0]?.made), tags };
  }
  const { results, tags } = await writeBatch(db, author, [
    ...claimIdempotencyKey(db, claim),
    insert,
    forgetUnanswered(db, claim),
  ]);
  return { value: toMadeKey(results[2].rows[0]?.made), tags };
}

/** What was kept of a creation. */
export function toMadeKey(made: unknown): MadeKey | null {
  if (made === undefined || made === null) return null;
  const { row, salt } = made as { row: unknown; salt: string | null };
  return { row: fromSnapshot(apiKeys, row), salt };
}

// One statement, for only it knows which row is its own.
function insertAndKeep({ name, scopes, accountNumber, expiresAt, sha256 }: NewKey, claim: KeyClaim | null) {
  const values = sql`${name}, ${sql.param(scopes, apiKeys.scopes)}::text[], ${sha256}, ${expiresAt?.toISOString() ?? null}::timestamptz`;
  const bound =
    accountNumber === null
      ? sql`select ${values}, null::bigint`
      : sql`select ${values}, a.id from accounts as a where a.account_number = ${accountNumber} for key share`;
  const kept =
    claim &&
    sql`, kept as (
      update idempotency_keys set answer = made.made from made
      where caller = ${claim.caller} and key = ${claim.key}
    )`;
  return sql`
    with inserted as (
      insert into api_keys (name, scopes, sha256, expires_at, account_id) ${bound} returning *
    ), made as (
      select jsonb_build_object('row', to_jsonb(inserted), 'salt', ${claim?.salt ?? null}::text) as made from inserted
    )${kept ?? sql``}
    select made from made`;
}

/** Changes a key that may do no more than who changes it. */
export function updateKey(
  db: Db,
  author: Authorship,
  id: number,
  changes: Values<ApiKeyRow>,
  rights: KeyRights,
  states: readonly RowState[] | null,
): Promise<KeyAttempt> {
  const columns = { id: apiKeys.id, revision: apiKeys.revision, since: apiKeys.createdAt };
  const mayChange = and(hasNoMoreThan(rights), isInState(columns, states));
  return tryUpdate(db, author, id, rights.reach, changes, mayChange);
}

/** Gives the key another secret, unless it is revoked; the one before is good for so long. */
export function rotateKey(
  db: Db,
  author: Authorship,
  id: number,
  sha256: string,
  gracePeriodSeconds: number,
  rights: KeyRights,
): Promise<KeyAttempt> {
  const hasGrace = gracePeriodSeconds > 0;
  const secrets = {
    sha256,
    previousSha256: hasGrace ? sql`${apiKeys.sha256}` : null,
    previousValidUntil: hasGrace ? sql`now() + ${gracePeriodSeconds} * interval '1 second'` : null,
  };
  const mayRotate = and(hasNoMoreThan(rights), isNull(apiKeys.revokedAt));
  return tryUpdate(db, author, id, rights.reach, secrets, mayRotate);
}

/** Ends the key, whatever it may do; one that is revoked stays as it is. */
export function revokeKey(db: Db, author: Authorship, id: number, reach: Reach): Promise<KeyAttempt> {
  return tryUpdate(db, author, id, reach, { revokedAt: sql`now()` }, isNull(apiKeys.revokedAt));
}

function hasNoMoreThan({ scopes, until }: KeyRights): SQL | undefined {
  return and(arrayContained(apiKeys.scopes, [...scopes]), until ? lte(apiKeys.expiresAt, until) : undefined);
}

async function tryUpdate(
  db: Db,
  author: Authorship,
  id: number,
  reach: Reach,
  changes: { readonly [K in keyof ApiKeyRow]?: ApiKeyRow[K] | SQL | undefined },
  condition: SQL | undefined,
): Promise<KeyAttempt> {
  const isAsked = and(eq(apiKeys.id, id), isWithin(reach));
  const { results, tags } = await writeBatch(db, author, [
    db.update(apiKeys).set(changes).where(and(isAsked, condition)).returning({ id: apiKeys.id }),
    selectShown(db, isAsked),
  ]);
  const [changed, [key]] = results;
  return { isDone: changed.length > 0, key: key ?? null, tags };
}
