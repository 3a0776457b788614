import { and, arrayContained, eq, isNull, lte, sql, type SQL } from 'drizzle-orm';
import { readRow, readRows } from './results.ts';
import type { Db } from './client.ts';
import { flag, json, nullable, text } from './decoders.ts';
import { claimIdempotencyKey, forgetUnanswered, type IdempotencyClaim } from './idempotency.ts';
import { hasRoom, type KeyRoom, takeTurns } from './key-room.ts';
import { isWithin, type Reach, selectShown, type ShownKey } from './keys.ts';
import { apiKeys, type ApiKeyRow } from './schema.ts';
import { fromSnapshot } from './snapshot.ts';
import { type Authorship, isInState, type RowState, toSet, type Values, writeBatch } from './write-batch.ts';

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

/** The key with which somebody writes, as it was presented and as a cache had it; null: they have none. */
export type Maker = {
  readonly id: number;
  /** SHA-256 of the secret that was presented. */
  readonly sha256: string;
  readonly reach: Reach;
} | null;

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
  /** SHA-256 of the key's secret and of the one before. */
  readonly hashes: readonly (string | null)[];
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
    lockKeys(db, maker, null),
    takeTurns(db, room),
    db.execute(insertAndKeep(key, claim, sql`${allowed} and ${hasRoom(room)}`)),
    db.execute(sql`select ${allowed} as allowed, ${hasRoom(room)} as room`),
  ] as const;
  if (!claim) {
    const { results, tags } = await writeBatch(db, author, statements);
    return { value: madeOrObstacle(results[2], results[3]), tags };
  }
  const { results, tags } = await writeBatch(db, author, [
    ...claimIdempotencyKey(db, claim),
    ...statements,
    forgetUnanswered(db, claim),
  ]);
  return { value: madeOrObstacle(results[4], results[5]), tags };
}

function madeOrObstacle(inserted: unknown, after: unknown): MadeKey | Obstacle {
  const made = toMadeKey(readRows(inserted, { made: json })[0]?.made);
  if (made) return made;
  const { allowed, room } = readRow(after, { allowed: flag, room: flag });
  if (!allowed) return 'rights';
  return room ? 'account' : 'room';
}

/** What was kept of a creation. */
export function toMadeKey(made: unknown): MadeKey | null {
  if (made === undefined || made === null) return null;
  const { row, salt } = Object(made) as Record<string, unknown>;
  return { row: fromSnapshot(apiKeys, row), salt: nullable(text)(salt) };
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
  return tryUpdate(db, author, { ...rights, id, grant: changes }, changes, mayChange);
}

/** Gives the key another secret, unless it is revoked or has or had that one; the one before is good for so long. */
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
  const isNew = sql`${sha256} not in (${apiKeys.sha256}, coalesce(${apiKeys.previousSha256}, ''))`;
  const mayRotate = and(hasNoMoreThan(rights), isNull(apiKeys.revokedAt), isNew);
  return tryUpdate(db, author, { ...rights, id, grant: {} }, secrets, mayRotate);
}

/** Ends the key, whatever it may do; one that is revoked stays as it is. */
export function revokeKey(
  db: Db,
  author: Authorship,
  id: number,
  { reach, maker }: Pick<KeyRights, 'maker' | 'reach'>,
): Promise<KeyAttempt> {
  const target = { id, reach, maker, grant: null };
  return tryUpdate(db, author, target, { revokedAt: sql`now()` }, isNull(apiKeys.revokedAt));
}

function hasNoMoreThan({ scopes, until }: KeyRights): SQL | undefined {
  return and(arrayContained(apiKeys.scopes, [...scopes]), until ? lte(apiKeys.expiresAt, until) : undefined);
}

interface Target extends Pick<KeyRights, 'maker' | 'reach'> {
  readonly id: number;
  /** Null: nothing is given. */
  readonly grant: Grant | null;
}

async function tryUpdate(
  db: Db,
  author: Authorship,
  { id, reach, maker, grant }: Target,
  changes: { readonly [K in keyof ApiKeyRow]?: ApiKeyRow[K] | SQL | undefined },
  condition: SQL | undefined,
): Promise<KeyAttempt> {
  const isAsked = and(eq(apiKeys.id, id), isWithin(reach));
  const allowed = grant ? allows(maker, grant, id) : isPresented(maker);
  const { results, tags } = await writeBatch(db, author, [
    lockKeys(db, maker, id),
    db
      .update(apiKeys)
      .set(toSet(apiKeys, changes))
      .where(and(isAsked, condition, allowed))
      .returning({ id: apiKeys.id }),
    selectShown(db, isAsked),
    selectAllowed(db, allowed),
    db.select({ now: apiKeys.sha256, before: apiKeys.previousSha256 }).from(apiKeys).where(isAsked),
  ]);
  const [, changed, [key], allowedNow, [hashes]] = results;
  return {
    isDone: changed.length > 0,
    key: key ?? null,
    isAllowed: readAllowed(allowedNow),
    hashes: hashes ? [hashes.now, hashes.before] : [],
    tags,
  };
}

// The maker's rights came out of a cache. Locked before they are read again, for a statement sees what was committed before
// it began; with the key that is to be changed and in order, for two keys may change each other.
function lockKeys(db: Db, maker: Maker, id: number | null) {
  const makerId = maker?.id ?? null;
  const ids = sql`(${makerId}::bigint, ${id}::bigint)`;
  return db.execute(sql`
    select k.id from api_keys as k where ${makerId}::bigint is not null and k.id in ${ids} order by k.id for no key update`);
}

function selectAllowed(db: Db, allowed: SQL) {
  return db.execute(sql`select ${allowed} as allowed`);
}

function readAllowed(result: unknown): boolean {
  return readRow(result, { allowed: flag }).allowed;
}

/** What a key is to be allowed; undefined: what it is now. */
interface Grant {
  readonly scopes?: readonly string[] | undefined;
  readonly expiresAt?: Date | null | undefined;
}

/**
 * Whether the maker's key is the one that was presented, may still manage keys, and itself may all that the grant says and the
 * changed key is allowed until now.
 */
function allows(maker: Maker, { scopes, expiresAt }: Grant, id?: number): SQL {
  if (maker === null) return sql`true`;
  const isNoLonger = (end: SQL) => sql`(m.expires_at is null or ${end} <= m.expires_at)`;
  const conditions = [
    sql`${isPresented(maker)} and m.id = ${maker.id}`,
    sql`m.revoked_at is null and (m.expires_at is null or m.expires_at > now())`,
    sql`'keys:write' = any (m.scopes)`,
  ];
  if (scopes) conditions.push(sql`${sql.param(scopes, apiKeys.scopes)}::text[] <@ m.scopes`);
  if (expiresAt !== undefined)
    conditions.push(isNoLonger(sql`${expiresAt?.toISOString() ?? null}::timestamptz`));
  if (id !== undefined)
    conditions.push(sql`k.id = ${id} and k.scopes <@ m.scopes and ${isNoLonger(sql`k.expires_at`)}`);
  const tables = id === undefined ? sql`api_keys as m` : sql`api_keys as m, api_keys as k`;
  return sql`exists (select from ${tables} where ${sql.join(conditions, sql` and `)})`;
}

/** Whether the maker's key has the secret that was presented, and is bound as it was taken to be. */
function isPresented(maker: Maker): SQL {
  if (maker === null) return sql`true`;
  const { id, reach, sha256 } = maker;
  return sql`exists (
    select from api_keys as p where p.id = ${id}
      and (p.sha256 = ${sha256} or (p.previous_sha256 = ${sha256} and p.previous_valid_until > now()))
      and p.account_id is not distinct from (select a.id from accounts as a where a.account_number = ${reach})
  )`;
}
