import { and, eq, isNull, sql, type SQL } from 'drizzle-orm';
import type { Db } from './client.ts';
import { allows, lockDescent, lockKeys, readAllowed, selectAllowed } from './key-makers.ts';
import type { KeyRights } from './key-writes.ts';
import { isWithin, type Reach, selectShown, type ShownKey } from './keys.ts';
import { apiKeys } from './managing-schema.ts';
import { type Authorship, writeBatch } from './write-batch.ts';

/** What a revocation ended, or would. */
export interface Revocation {
  /** The key that was asked for as it is now; null: there is none within reach. */
  readonly key: ShownKey | null;
  readonly revoked: number;
  /** Whether the maker's key was the one that was presented, and may manage keys; after it ended itself, not. */
  readonly isAllowed: boolean;
  readonly tags: string[];
}

type Ender = Pick<KeyRights, 'maker' | 'reach'>;

/** Ends the key, whatever it may do, and with it what it made, as far as it is not revoked. */
export async function revokeKey(
  db: Db,
  author: Authorship,
  id: number,
  rights: Ender,
  withDescendants: boolean,
): Promise<Revocation> {
  const { reach, maker } = rights;
  const { results, tags } = await writeBatch(db, author, [
    lockDescent(db, withDescendants),
    withDescendants ? lockDescendants(db, id, rights) : lockKeys(db, maker, id),
    db
      .update(apiKeys)
      .set({ revokedAt: sql`now()` })
      .where(and(isToEnd(id, reach, withDescendants), allows(maker, {})))
      .returning({ id: apiKeys.id }),
    selectShown(db, isAsked(id, reach)),
    selectAllowed(db, allows(maker, {})),
  ]);
  const [, , ended, [key], allowed] = results;
  return { key: key ?? null, revoked: ended.length, isAllowed: readAllowed(allowed), tags };
}

/** What revoking the key would end. */
export async function selectRevocation(
  db: Db,
  id: number,
  reach: Reach,
  withDescendants: boolean,
): Promise<Revocation> {
  const [[key], ended] = await db.batch([
    selectShown(db, isAsked(id, reach)),
    db
      .select({ id: apiKeys.id })
      .from(apiKeys)
      .where(isToEnd(id, reach, withDescendants)),
  ]);
  return { key: key ?? null, revoked: ended.length, isAllowed: true, tags: [] };
}

// With the maker and in the order of ids, as every change of keys takes its locks.
function lockDescendants(db: Db, id: number, { reach, maker }: Ender) {
  const ids = sql`array(${selectDescent(id, reach)}) || ${maker?.id ?? null}::bigint`;
  return db.execute(
    sql`select k.id from api_keys as k where k.id = any (${ids}) order by k.id for no key update`,
  );
}

function isAsked(id: number, reach: Reach): SQL | undefined {
  return and(eq(apiKeys.id, id), isWithin(reach));
}

function isToEnd(id: number, reach: Reach, withDescendants: boolean): SQL | undefined {
  // As an array, for Postgres thinks of a recursion as long, and would read the whole table.
  const isMeant = withDescendants
    ? sql`${apiKeys.id} = any (array(${selectDescent(id, reach)}))`
    : eq(apiKeys.id, id);
  return and(isMeant, isWithin(reach), isNull(apiKeys.revokedAt));
}

// Through keys that are revoked too: what they made before is good until it is revoked itself.
function selectDescent(id: number, reach: Reach): SQL {
  return sql`
    with recursive descent (id) as (
      select api_keys.id from api_keys where ${isAsked(id, reach)}
      union
      select made.id from descent join api_keys as made on made.created_by = 'key:' || descent.id
    )
    select descent.id from descent`;
}
