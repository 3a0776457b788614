import { sql, type SQL } from 'drizzle-orm';
import type { Db } from '../../client/client.ts';
import { flag } from '../../client/decoders.ts';
import type { Reach } from '../../reads/keys.ts';
import { readRow } from '../../client/results.ts';
import { apiKeys } from '../../schema/managing.ts';

/** The caller's own key, as it was presented and as the cache had it; null: the caller has none. */
export type Maker = {
  readonly id: number;
  /** SHA-256 of the presented secret. */
  readonly sha256: string;
  readonly reach: Reach;
} | null;

/** The rights that a key shall have; undefined: those that it has now. */
export interface Grant {
  readonly scopes?: readonly string[] | undefined;
  readonly expiresAt?: Date | null | undefined;
}

/** Names the advisory lock between keys that create keys and a revocation of all that a key created. */
const DESCENT_LOCK = 7_265_201_004;

/** The first statement of a key's creation: a revocation of descendants either sees the new key or has revoked its maker before. */
export function lockDescentShared(db: Db, maker: Maker) {
  const isDescent = maker !== null;
  return db.execute(sql`select pg_advisory_xact_lock_shared(${DESCENT_LOCK}) where ${isDescent}::boolean`);
}

/** The first statement of a revocation. With descendants, it lets no key create another one until the revocation has committed. */
export function lockDescent(db: Db, withDescendants: boolean) {
  return db.execute(sql`select pg_advisory_xact_lock(${DESCENT_LOCK}) where ${withDescendants}::boolean`);
}

// The maker's rights came from a cache, so a later statement reads them again. The lock comes before it, because a statement sees
// what had committed when it began. The changed key is locked too, in the order of ids, because two keys may change each other.
export function lockKeys(db: Db, maker: Maker, id: number | null) {
  const makerId = maker?.id ?? null;
  return db.execute(sql`
    select k.id from api_keys as k
    where ${makerId}::bigint is not null and k.id in (${makerId}::bigint, ${id}::bigint)
    order by k.id for no key update`);
}

export function selectAllowed(db: Db, allowed: SQL) {
  return db.execute(sql`select ${allowed} as allowed`);
}

/** Reads the result of `selectAllowed`. */
export function readAllowed(result: unknown): boolean {
  return readRow(result, { allowed: flag }).allowed;
}

/** True if the maker's key has the presented secret, and no earlier one, and is bound to the same account, which is active. */
function isPresented(maker: Maker): SQL {
  if (maker === null) return sql`true`;
  const { id, reach, sha256 } = maker;
  return sql`exists (
    select from api_keys as p left join accounts as a on a.id = p.account_id
    where p.id = ${id} and p.sha256 = ${sha256} and coalesce(a.is_active, p.account_id is null)
      and a.account_number is not distinct from ${reach}::text
  )`;
}

/**
 * True if the maker's key is the presented one, may still manage keys, and has all rights that the grant gives and that the
 * changed key has until now.
 */
export function allows(maker: Maker, { scopes, expiresAt }: Grant, id?: number): SQL {
  if (maker === null) return sql`true`;
  const isNoLonger = (end: SQL) => sql`(m.expires_at is null or ${end} <= m.expires_at)`;
  const conditions = [
    sql`m.id = ${maker.id} and ${isPresented(maker)}`,
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
