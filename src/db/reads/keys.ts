import { and, asc, eq, getTableColumns, gt, sql, type SQL, inArray } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { flag } from '../client/decoders.ts';
import type { IdPage } from './lists.ts';
import { accounts } from '../schema/tables.ts';
import { apiKeys, type ApiKeyRow, apiKeyUses } from '../schema/managing.ts';

/** The rows that the check of a key needs. */
export interface KeyRecord {
  readonly key: ApiKeyRow;
  /** Null where `accountNumber` is null. */
  readonly isAccountActive: boolean | null;
  /** Null: the key is bound to no account, or its account is gone. */
  readonly accountNumber: string | null;
}

/** A key without its hashes, as callers see it. */
export interface ShownKey extends Omit<ApiKeyRow, 'accountId' | 'previousSha256' | 'sha256'> {
  readonly accountNumber: string | null;
  /** True if the key's account is gone. */
  readonly isAccountGone: boolean;
  readonly lastUsedAt: Date | null;
}

/** Number of the account whose keys a statement may see; null: all keys. */
export type Reach = string | null;

export async function selectKeyRecord(db: Db, id: number): Promise<KeyRecord | null> {
  const [row] = await db
    .select({ key: apiKeys, accountNumber: accounts.accountNumber, isAccountActive: accounts.isActive })
    .from(apiKeys)
    .leftJoin(accounts, eq(accounts.id, apiKeys.accountId))
    .where(eq(apiKeys.id, id));
  return row ?? null;
}

/** Selects the key as callers see it, if it is within reach. */
export async function selectKey(db: Db, reach: Reach, id: number): Promise<ShownKey | null> {
  const [row] = await selectShown(db, and(eq(apiKeys.id, id), isWithin(reach)));
  return row ?? null;
}

/** Selects one page of the keys within reach by id; with `createdBy`, of the keys that this actor created. */
export function selectKeys(
  db: Db,
  reach: Reach,
  createdBy: string | undefined,
  { afterId, limit }: IdPage,
): Promise<ShownKey[]> {
  const isMeant = createdBy === undefined ? undefined : eq(apiKeys.createdBy, createdBy);
  // The page is cut before the joins: a plan that merges the tables would read all keys before the page.
  const ids = db
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(and(gt(apiKeys.id, afterId), isWithin(reach), isMeant))
    .orderBy(asc(apiKeys.id))
    .limit(limit);
  return selectShown(db, inArray(apiKeys.id, ids)).orderBy(asc(apiKeys.id));
}

/** The statement that selects keys as callers see them, alone or in a batch. */
export function selectShown(db: Db, condition: SQL | undefined) {
  const { accountId, sha256: _sha256, previousSha256: _previous, ...shown } = getTableColumns(apiKeys);
  return db
    .select({
      ...shown,
      accountNumber: accounts.accountNumber,
      isAccountGone: sql`(${accountId} is not null and ${accounts.id} is null)`.mapWith(flag),
      lastUsedAt: apiKeyUses.lastUsedAt,
    })
    .from(apiKeys)
    .leftJoin(accounts, eq(accounts.id, accountId))
    .leftJoin(apiKeyUses, eq(apiKeyUses.keyId, apiKeys.id))
    .where(condition);
}

export function isWithin(reach: Reach): SQL | undefined {
  if (reach === null) return undefined;
  return eq(apiKeys.accountId, sql`(select a.id from accounts as a where a.account_number = ${reach})`);
}

/** Stores that the key is in use, unless a use is stored that is less than `resolutionMs` old. */
export async function noteKeyUse(db: Db, id: number, resolutionMs: number): Promise<void> {
  // The id is selected from the keys, because the key may be deleted by now.
  await db.execute(sql`
    insert into api_key_uses (key_id) select k.id from api_keys as k where k.id = ${id}
    on conflict (key_id) do update set last_used_at = excluded.last_used_at
    where api_key_uses.last_used_at <= now() - ${resolutionMs} * interval '1 millisecond'`);
}
