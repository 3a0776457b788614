import { and, eq, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { allows, lockDescent, lockKeys, readAllowed, selectAllowed } from './key-makers.ts';
import type { KeyRights } from './keys.ts';
import { isWithin, type Reach, selectShown, type ShownKey } from '../reads/keys.ts';
import { flag, whole } from '../client/decoders.ts';
import { apiKeys } from '../schema/managing.ts';
import { readRow } from '../client/results.ts';
import { type Authorship, writeBatch } from './write-batch.ts';

/** What a revocation ended, or would. */
export interface Revocation {
  /** The key that was asked for as it is now; null: there is none within reach. */
  readonly key: ShownKey | null;
  readonly revoked: number;
  /** Nothing was ended, for the descendants are more than one statement takes in. */
  readonly isTooMuch: boolean;
  /** Whether the maker's key was the one that was presented, and may manage keys; after it ended itself, not. */
  readonly isAllowed: boolean;
  readonly tags: string[];
}

type Ender = Pick<KeyRights, 'maker' | 'reach'>;

/** As many keys as are followed from one to those that it made, and as many of them as are ended, each with an entry in the audit log. */
export const MAX_DESCENT = 100_000;
export const MAX_REVOKED = 10_000;

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
    db.execute(sql`
      with ${selectMeant(id, reach, withDescendants)}, ended as (
        update api_keys set revoked_at = now() from living
        where api_keys.id = living.id and (select not ${isTooMuch} from counted) and ${allows(maker, {})}
        returning api_keys.id
      )
      select (select count(*) from ended) as revoked, ${isTooMuch} as "isTooMuch" from counted`),
    selectShown(db, isAsked(id, reach)),
    selectAllowed(db, allows(maker, {})),
  ]);
  const [, , ended, [key], allowed] = results;
  return { key: key ?? null, ...readRow(ended, outcome), isAllowed: readAllowed(allowed), tags };
}

const outcome = { revoked: whole, isTooMuch: flag };

/** What revoking the key would end. */
export async function selectRevocation(
  db: Db,
  id: number,
  reach: Reach,
  withDescendants: boolean,
): Promise<Revocation> {
  const [[key], ended] = await db.batch([
    selectShown(db, isAsked(id, reach)),
    db.execute(sql`
      with ${selectMeant(id, reach, withDescendants)}
      select living as revoked, ${isTooMuch} as "isTooMuch" from counted`),
  ]);
  return { key: key ?? null, ...readRow(ended, outcome), isAllowed: true, tags: [] };
}

// With the maker and in the order of ids, as every change of keys takes its locks. Not those that are revoked, nor more than are ended.
function lockDescendants(db: Db, id: number, { reach, maker }: Ender) {
  const makerId = maker?.id ?? null;
  const ids = sql`array(${selectDescent(id, reach)}) || ${makerId}::bigint`;
  return db.execute(sql`
    select count(*) from (
      select k.id from api_keys as k
      where k.id = any (${ids}) and (k.revoked_at is null or k.id = ${makerId}::bigint)
      order by k.id limit ${MAX_REVOKED + 2}::int for no key update
    ) as locked`);
}

function isAsked(id: number, reach: Reach): SQL | undefined {
  return and(eq(apiKeys.id, id), isWithin(reach));
}

// Tables of a statement: the keys that are followed, those of them that are to end, and how many they are.
function selectMeant(id: number, reach: Reach, withDescendants: boolean): SQL {
  const meant = withDescendants ? selectDescent(id, reach) : sql`select ${id}::bigint`;
  // As an array, for Postgres thinks of a recursion as long, and would read the whole table.
  return sql`meant as materialized (
    select array(${meant}) as ids
  ), living as materialized (
    select api_keys.id from api_keys
    where api_keys.id = any ((select ids from meant)::bigint[]) and api_keys.revoked_at is null
      and ${isWithin(reach) ?? sql`true`}
  ), counted as materialized (
    select cardinality(ids) as followed, (select count(*) from living) as living from meant
  )`;
}

const isTooMuch = sql`(followed > ${MAX_DESCENT}::int or living > ${MAX_REVOKED}::int)`;

// Through keys that are revoked too: what they made before is good until it is revoked itself.
function selectDescent(id: number, reach: Reach): SQL {
  return sql`
    with recursive descent (id) as (
      select api_keys.id from api_keys where ${isAsked(id, reach)}
      union
      select made.id from descent join api_keys as made on made.created_by = 'key:' || descent.id
    )
    select descent.id from descent limit ${MAX_DESCENT + 1}::int`;
}
