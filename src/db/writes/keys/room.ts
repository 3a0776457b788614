import { sql, type SQL } from 'drizzle-orm';
import type { Db } from '../../client/client.ts';

/** The greatest number of good keys that are bound to one account, or to none. */
export interface KeyRoom {
  readonly accountNumber: string | null;
  readonly limit: number;
}

/** Makes transactions that create keys of one account take turns, so that each counts the keys of the one before. */
export function takeTurns(db: Db, { accountNumber }: KeyRoom) {
  return db.execute(
    sql`select pg_advisory_xact_lock(hashtextextended('edge_accounts.keys_of ' || ${accountNumber ?? ''}::text, 0))`,
  );
}

/** True if one more key may be created. Expired keys count too, because a change can make them good again. */
export function hasRoom({ accountNumber, limit }: KeyRoom): SQL {
  const isOfAccount =
    accountNumber === null
      ? sql`r.account_id is null`
      : sql`r.account_id = (select a.id from accounts as a where a.account_number = ${accountNumber})`;
  return sql`((select count(*) from api_keys as r where r.revoked_at is null and ${isOfAccount}) < ${limit}::int)`;
}
