import { and, arrayContained, eq, isNull, lte, sql, type SQL } from 'drizzle-orm';
import type { Results } from '../../client/batch.ts';
import type { Db } from '../../client/client.ts';
import { flag, json, nullable, text } from '../../client/decoders.ts';
import { claimIdempotencyKey, forgetUnanswered, type IdempotencyClaim, keepAnswer } from '../idempotency.ts';
import {
  allows,
  type Grant,
  lockDescentShared,
  lockKeys,
  type Maker,
  readAllowed,
  selectAllowed,
} from './makers.ts';
import { hasRoom, type KeyRoom, takeTurns } from './room.ts';
import { isWithin, type Reach, selectShown, type ShownKey } from '../../reads/keys.ts';
import { apiKeys, type ApiKeyRow, apiKeyUses, idempotencyKeys } from '../../schema/managing.ts';
import { readRow, readRows } from '../../client/results.ts';
import { fromSnapshot } from '../../reads/snapshot.ts';
import {
  type Authorship,
  type CreateOutcome,
  isInState,
  type RowState,
  toSet,
  type Values,
  writeBatch,
  type WriteOutcome,
} from '../write-batch.ts';

export interface NewKeyRow {
  readonly name: string;
  readonly scopes: readonly string[];
  /** Null: the key is bound to no account. */
  readonly accountNumber: string | null;
  readonly expiresAt: Date | null;
  readonly sha256: string;
}

/** A claim on a key's creation or rotation, with the salt from which its secret is derived again. */
export interface KeyClaim extends IdempotencyClaim {
  readonly salt: string;
}

/** A key that has just got a secret, and the salt that the secret was derived from; null: it was not derived. */
export interface MadeKey {
  readonly key: ShownKey;
  readonly sha256: string;
  readonly salt: string | null;
}

/** The keys that a change may touch. */
export interface KeyRights {
  readonly reach: Reach;
  readonly maker: Maker;
  /** Keys with other scopes are left as they are. */
  readonly scopes: readonly string[];
  /** Keys that expire later are left as they are too; null: no key is. */
  readonly until: Date | null;
}

/** The outcome of a change. */
export interface KeyWriteOutcome extends WriteOutcome<ShownKey> {
  /** True if the maker's key, as it is now, allows the change. */
  readonly isAllowed: boolean;
}

/** The reason why no key was created: there is no such account, it has no room, or the maker's key does not allow it. */
export type Obstacle = 'account' | 'rights' | 'room';

/** Creates a key that may do no more than its maker's, and stores it as the answer to the claim. */
export async function createKeyRow(
  db: Db,
  author: Authorship,
  maker: Maker,
  key: NewKeyRow,
  claim: KeyClaim | null,
  limit: number,
): Promise<CreateOutcome<MadeKey | Obstacle>> {
  const allowed = allows(maker, key);
  const room: KeyRoom = { accountNumber: key.accountNumber, limit };
  const { created, after, tags } = await writeBatch(db, author, {
    ...(claim && claimIdempotencyKey(db, claim)),
    descent: lockDescentShared(db, maker),
    keys: lockKeys(db, maker, null),
    turn: takeTurns(db, room),
    created: db.execute(insertAndKeep(key, claim, sql`${allowed} and ${hasRoom(room)}`)),
    after: db.execute(sql`select ${allowed} as allowed, ${hasRoom(room)} as room`),
    ...(claim && { unanswered: forgetUnanswered(db, claim) }),
  });
  return { value: madeOrObstacle(created, after), tags };
}

function madeOrObstacle(inserted: unknown, after: unknown): MadeKey | Obstacle {
  const made = toMadeKey(readRows(inserted, { made: json })[0]?.made);
  if (made) return made;
  const { allowed, room } = readRow(after, { allowed: flag, room: flag });
  if (!allowed) return 'rights';
  return room ? 'account' : 'room';
}

/** Reads the key from the answer that was stored for a creation or a rotation. */
export function toMadeKey(made: unknown): MadeKey | null {
  if (made === undefined || made === null) return null;
  // The statements that store it write the key as it was answered, with its row of uses.
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

// This is one statement, because only the statement that inserts the row knows which one it is.
function insertAndKeep(
  { name, scopes, accountNumber, expiresAt, sha256 }: NewKeyRow,
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

/** Changes a key that may do no more than the caller who changes it. */
export async function changeKeyRow(
  db: Db,
  author: Authorship,
  id: number,
  changes: Values<ApiKeyRow>,
  rights: KeyRights,
  states: readonly RowState[] | null,
): Promise<KeyWriteOutcome> {
  const columns = { id: apiKeys.id, revision: apiKeys.revision, since: apiKeys.createdAt };
  const mayChange = and(hasNoMoreThan(rights), isInState(columns, states));
  const target = { ...rights, id, grant: changes };
  const { tags, ...results } = await writeBatch(db, author, changeIfAllowed(db, target, changes, mayChange));
  return toOutcome(results, tags);
}

/** The outcome of a rotation: the key with the new secret's hash, or the reason why there is none. */
export type Rotation =
  | { readonly made: MadeKey }
  | { readonly made: null; readonly outcome: KeyWriteOutcome };

/**
 * Gives the key another secret, unless it is revoked, and stores it as the answer to the claim. The secret before stays good for
 * the grace period.
 */
export async function rotateKeyRow(
  db: Db,
  author: Authorship,
  id: number,
  sha256: string,
  gracePeriodSeconds: number,
  rights: KeyRights,
  claim: KeyClaim | null,
): Promise<CreateOutcome<Rotation>> {
  const hasGrace = gracePeriodSeconds > 0;
  const secrets = {
    sha256,
    previousSha256: hasGrace ? sql`${apiKeys.sha256}` : null,
    previousValidUntil: hasGrace ? sql`now() + ${gracePeriodSeconds} * interval '1 second'` : null,
  };
  const mayRotate = and(hasNoMoreThan(rights), isNull(apiKeys.revokedAt));
  const { kept, tags, ...results } = await writeBatch(db, author, {
    ...(claim && claimIdempotencyKey(db, claim)),
    ...changeIfAllowed(db, { ...rights, id, grant: {} }, secrets, mayRotate),
    // The answer is read from the stored one, so that a repeated request gets the same.
    ...(claim && {
      kept: keepAnswer(db, claim, selectRotated(id, sha256, claim)).returning({
        answer: idempotencyKeys.answer,
      }),
      unanswered: forgetUnanswered(db, claim),
    }),
  });
  const outcome = toOutcome(results, tags);
  const made = claim ? toMadeKey(kept?.[0]?.answer) : madeOf(outcome, sha256);
  return { value: made ? { made } : { made: null, outcome }, tags };
}

function madeOf({ isDone, current }: KeyWriteOutcome, sha256: string): MadeKey | null {
  return isDone && current ? { key: current, sha256, salt: null } : null;
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

function changeIfAllowed(
  db: Db,
  { id, reach, maker, grant }: Target,
  changes: { readonly [K in keyof ApiKeyRow]?: ApiKeyRow[K] | SQL | undefined },
  condition: SQL | undefined,
) {
  const isAsked = and(eq(apiKeys.id, id), isWithin(reach));
  const allowed = allows(maker, grant, id);
  return {
    keys: lockKeys(db, maker, id),
    changed: db
      .update(apiKeys)
      .set(toSet(apiKeys, changes))
      .where(and(isAsked, condition, allowed))
      .returning({ id: apiKeys.id }),
    current: selectShown(db, isAsked),
    allowed: selectAllowed(db, allowed),
  };
}

function toOutcome(
  { changed, current, allowed }: Omit<Results<ReturnType<typeof changeIfAllowed>>, 'keys'>,
  tags: string[],
): KeyWriteOutcome {
  return { isDone: changed.length > 0, current: current[0] ?? null, isAllowed: readAllowed(allowed), tags };
}
