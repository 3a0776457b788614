import { and, arrayContained, eq, isNull, lte, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { flag, json, nullable, text } from '../client/decoders.ts';
import { claimIdempotencyKey, forgetUnanswered, type IdempotencyClaim, keepAnswer } from './idempotency.ts';
import {
  allows,
  type Grant,
  lockDescentShared,
  lockKeys,
  type Maker,
  readAllowed,
  selectAllowed,
} from './key-makers.ts';
import { hasRoom, type KeyRoom, takeTurns } from './key-room.ts';
import { isWithin, type Reach, selectShown, type ShownKey } from '../reads/keys.ts';
import { apiKeys, type ApiKeyRow, apiKeyUses, idempotencyKeys } from '../schema/managing.ts';
import { readRow, readRows } from '../client/results.ts';
import { fromSnapshot } from '../reads/snapshot.ts';
import { type Authorship, isInState, type RowState, toSet, type Values, writeBatch } from './write-batch.ts';

export interface NewKey {
  readonly name: string;
  readonly scopes: readonly string[];
  /** Null: the key is bound to no account. */
  readonly accountNumber: string | null;
  readonly expiresAt: Date | null;
  readonly sha256: string;
}

/** A claim on a key's creation or rotation, and what its secret is derived from again. */
export interface KeyClaim extends IdempotencyClaim {
  readonly salt: string;
}

/** A key that has got a secret, and what that was derived from, if it was. */
export interface MadeKey {
  readonly key: ShownKey;
  readonly sha256: string;
  readonly salt: string | null;
}

/** What a change of a key may touch. */
export interface KeyRights {
  readonly reach: Reach;
  readonly maker: Maker;
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
  /** Whether the maker's key, as it is now, allows the change. */
  readonly isAllowed: boolean;
  readonly tags: string[];
}

/** Why no key was inserted: there is no such account, it has no room, or the maker's key does not allow it. */
export type Obstacle = 'account' | 'rights' | 'room';

/** Inserts a key that may do no more than its maker's, and keeps it as the answer to the claim. */
export async function insertKey(
  db: Db,
  author: Authorship,
  maker: Maker,
  key: NewKey,
  claim: KeyClaim | null,
  limit: number,
): Promise<{ value: MadeKey | Obstacle; tags: string[] }> {
  const allowed = allows(maker, key);
  const room: KeyRoom = { accountNumber: key.accountNumber, limit };
  const statements = [
    lockDescentShared(db, maker),
    lockKeys(db, maker, null),
    takeTurns(db, room),
    db.execute(insertAndKeep(key, claim, sql`${allowed} and ${hasRoom(room)}`)),
    db.execute(sql`select ${allowed} as allowed, ${hasRoom(room)} as room`),
  ] as const;
  if (!claim) {
    const { results, tags } = await writeBatch(db, author, statements);
    return { value: madeOrObstacle(results[3], results[4]), tags };
  }
  const { results, tags } = await writeBatch(db, author, [
    ...claimIdempotencyKey(db, claim),
    ...statements,
    forgetUnanswered(db, claim),
  ]);
  return { value: madeOrObstacle(results[5], results[6]), tags };
}

function madeOrObstacle(inserted: unknown, after: unknown): MadeKey | Obstacle {
  const made = toMadeKey(readRows(inserted, { made: json })[0]?.made);
  if (made) return made;
  const { allowed, room } = readRow(after, { allowed: flag, room: flag });
  if (!allowed) return 'rights';
  return room ? 'account' : 'room';
}

/** What was kept of a creation or a rotation. */
export function toMadeKey(made: unknown): MadeKey | null {
  if (made === undefined || made === null) return null;
  // By the statements that keep it: the key as it was answered, with its row of uses.
  const { row, salt, accountNumber = null, use = null } = Object(made) as Record<string, unknown>;
  const { sha256, ...shown } = fromSnapshot(apiKeys, row);
  const key = {
    ...shown,
    accountNumber: nullable(text)(accountNumber),
    isAccountGone: shown.accountId !== null && accountNumber === null,
    lastUsedAt: use === null ? null : fromSnapshot(apiKeyUses, use).lastUsedAt,
  };
  return { key, sha256, salt: nullable(text)(salt) };
}

// One statement, for only it knows which row is its own.
function insertAndKeep(
  { name, scopes, accountNumber, expiresAt, sha256 }: NewKey,
  claim: KeyClaim | null,
  allowed: SQL,
) {
  const values = sql`${name}, ${sql.param(scopes, apiKeys.scopes)}::text[], ${sha256}, ${expiresAt?.toISOString() ?? null}::timestamptz`;
  const bound =
    accountNumber === null
      ? sql`select ${values}, null::bigint where ${allowed}`
      : sql`select ${values}, a.id from accounts as a where a.account_number = ${accountNumber} and ${allowed} for key share`;
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
      select jsonb_build_object(
        'row', to_jsonb(inserted), 'salt', ${claim?.salt ?? null}::text, 'accountNumber', ${accountNumber}::text
      ) as made from inserted
    )${kept ?? sql``}
    select made from made`;
}

/** Changes a key that may do no more than who changes it. */
export async function updateKey(
  db: Db,
  author: Authorship,
  id: number,
  changes: Values<ApiKeyRow>,
  rights: KeyRights,
  states: readonly RowState[] | null,
): Promise<KeyAttempt> {
  const columns = { id: apiKeys.id, revision: apiKeys.revision, since: apiKeys.createdAt };
  const mayChange = and(hasNoMoreThan(rights), isInState(columns, states));
  const target = { ...rights, id, grant: changes };
  const { results, tags } = await writeBatch(db, author, updateIfAllowed(db, target, changes, mayChange));
  return toAttempt(results, tags);
}

/** What became of a rotation: the key with the new secret's hash, or why there is none. */
export type Rotation = { readonly made: MadeKey } | { readonly made: null; readonly attempt: KeyAttempt };

/** Gives the key another secret, unless it is revoked, and keeps it as the answer to the claim; the one before is good for so long. */
export async function rotateKey(
  db: Db,
  author: Authorship,
  id: number,
  sha256: string,
  gracePeriodSeconds: number,
  rights: KeyRights,
  claim: KeyClaim | null,
): Promise<{ value: Rotation; tags: string[] }> {
  const hasGrace = gracePeriodSeconds > 0;
  const secrets = {
    sha256,
    previousSha256: hasGrace ? sql`${apiKeys.sha256}` : null,
    previousValidUntil: hasGrace ? sql`now() + ${gracePeriodSeconds} * interval '1 second'` : null,
  };
  const mayRotate = and(hasNoMoreThan(rights), isNull(apiKeys.revokedAt));
  const statements = updateIfAllowed(db, { ...rights, id, grant: {} }, secrets, mayRotate);
  if (!claim) {
    const { results, tags } = await writeBatch(db, author, statements);
    const attempt = toAttempt(results, tags);
    const { key } = attempt;
    const made = attempt.isDone && key && { key, sha256, salt: null };
    return { value: made ? { made } : { made: null, attempt }, tags };
  }
  const { results, tags } = await writeBatch(db, author, [
    ...claimIdempotencyKey(db, claim),
    ...statements,
    // What is kept is what is answered, now and again.
    keepAnswer(db, claim, selectRotated(id, sha256, claim)).returning({ answer: idempotencyKeys.answer }),
    forgetUnanswered(db, claim),
  ]);
  const attempt = toAttempt([results[2], results[3], results[4], results[5]], tags);
  const made = toMadeKey(results[6][0]?.answer);
  return { value: made ? { made } : { made: null, attempt }, tags };
}

function selectRotated(id: number, sha256: string, { salt }: KeyClaim): SQL {
  return sql`
    select jsonb_build_object(
      'row', to_jsonb(k), 'salt', ${salt}::text, 'accountNumber', a.account_number, 'use', to_jsonb(u)
    )
    from api_keys as k left join accounts as a on a.id = k.account_id left join api_key_uses as u on u.key_id = k.id
    where k.id = ${id} and k.sha256 = ${sha256}`;
}

function hasNoMoreThan({ scopes, until }: KeyRights): SQL | undefined {
  return and(arrayContained(apiKeys.scopes, [...scopes]), until ? lte(apiKeys.expiresAt, until) : undefined);
}

interface Target extends Pick<KeyRights, 'maker' | 'reach'> {
  readonly id: number;
  readonly grant: Grant;
}

function updateIfAllowed(
  db: Db,
  { id, reach, maker, grant }: Target,
  changes: { readonly [K in keyof ApiKeyRow]?: ApiKeyRow[K] | SQL | undefined },
  condition: SQL | undefined,
) {
  const isAsked = and(eq(apiKeys.id, id), isWithin(reach));
  const allowed = allows(maker, grant, id);
  return [
    lockKeys(db, maker, id),
    db
      .update(apiKeys)
      .set(toSet(apiKeys, changes))
      .where(and(isAsked, condition, allowed))
      .returning({ id: apiKeys.id }),
    selectShown(db, isAsked),
    selectAllowed(db, allowed),
  ] as const;
}

function toAttempt(
  [, changed, [key], allowed]: readonly [unknown, readonly object[], readonly ShownKey[], unknown],
  tags: string[],
): KeyAttempt {
  return { isDone: changed.length > 0, key: key ?? null, isAllowed: readAllowed(allowed), tags };
}
