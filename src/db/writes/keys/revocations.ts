import { and, eq, sql, type SQL } from 'drizzle-orm';
import { runBatch } from '../../client/batch.ts';
import type { Db } from '../../client/client.ts';
import { allows, lockDescent, lockKeys, readAllowed, selectAllowed } from './makers.ts';
import type { KeyRights } from './keys.ts';
import { isWithin, type Reach, selectShown, type ShownKey } from '../../reads/keys.ts';
import { flag, whole } from '../../client/decoders.ts';
import { apiKeys } from '../../schema/managing.ts';
import { readRow } from '../../client/results.ts';
import { type Authorship, writeBatch } from '../write-batch.ts';

/** The outcome of a revocation. */
export interface Revocation {
  /** The key after the revocation; null: there is none within reach. */
  readonly key: ShownKey | null;
  /** Number of keys that were revoked, or would be. */
  readonly revoked: number;
  /** No key was revoked, because there are more descendants than one statement revokes. */
  readonly isTooMuch: boolean;
  /** True if the maker's key is the one that was presented, and may manage keys. False after it has revoked itself. */
  readonly isAllowed: boolean;
  readonly tags: string[];
}

type Revoker = Pick<KeyRights, 'maker' | 'reach'>;

/** Greatest number of descendants that a revocation follows. */
export const MAX_DESCENT = 100_000;
/** Greatest number of keys that a revocation ends; each adds an entry to the audit log. */
export const MAX_REVOKED = 10_000;

/** Revokes the key, whatever its scopes, and with it the keys that it made, as far as they are not revoked. */
export async function revokeKeyRows(
  db: Db,
  author: Authorship,
  id: number,
  rights: Revoker,
  withDescendants: boolean,
): Promise<Revocation> {
  const { reach, maker } = rights;
  const { revoked, key, allowed, tags } = await writeBatch(db, author, {
    descent: lockDescent(db, withDescendants),
    keys: withDescendants ? lockDescendants(db, id, rights) : lockKeys(db, maker, id),
    // The maker, if there were too many keys for its turn to come. Its id is higher than theirs, so that the order stays.
    maker: withDescendants ? lockKeys(db, maker, null) : undefined,
    revoked: db.execute(sql`
      with ${selectMeant(id, reach, withDescendants)}, ended as (
        update api_keys set revoked_at = now() from living
        where api_keys.id = living.id and (select not ${isTooMuch} from counted) and ${allows(maker, {})}
        returning api_keys.id
      )
      select (select count(*) from ended) as revoked, ${isTooMuch} as "isTooMuch" from counted`),
    key: selectShown(db, isAsked(id, reach)),
    allowed: selectAllowed(db, allows(maker, {})),
  });
  return { key: key[0] ?? null, ...readRow(revoked, outcome), isAllowed: readAllowed(allowed), tags };
}

const outcome = { revoked: whole, isTooMuch: flag };

/** The outcome that revoking the key would have; revokes nothing. */
export async function selectRevocation(
  db: Db,
  id: number,
  reach: Reach,
  withDescendants: boolean,
): Promise<Revocation> {
  const { key, counted } = await runBatch(db, {
    key: selectShown(db, isAsked(id, reach)),
    counted: db.execute(sql`
      with ${selectMeant(id, reach, withDescendants)}
      select living as revoked, ${isTooMuch} as "isTooMuch" from counted`),
  });
  return { key: key[0] ?? null, ...readRow(counted, outcome), isAllowed: true, tags: [] };
}

// Locks in the order of ids, as every change of keys does, and the maker too if its turn comes. Locks no revoked key, and only as
// many as show that there are too many: these stay good until the end of the transaction, so that none is revoked.
function lockDescendants(db: Db, id: number, { reach, maker }: Revoker) {
  const makerId = maker?.id ?? null;
  const ids = sql`array(${selectDescent(id, reach)}) || ${makerId}::bigint`;
  const isLiving = sql`api_keys.revoked_at is null and ${isWithin(reach) ?? sql`true`}`;
  return db.execute(sql`
    select count(*) from (
      select api_keys.id from api_keys
      where api_keys.id = any (${ids}) and (${isLiving} or api_keys.id = ${makerId}::bigint)
      order by api_keys.id limit ${MAX_REVOKED + 2}::int for no key update
    ) as locked`);
}

function isAsked(id: number, reach: Reach): SQL | undefined {
  return and(eq(apiKeys.id, id), isWithin(reach));
}

// The tables of a statement: the keys that it follows, those of them that it would revoke, and their numbers.
function selectMeant(id: number, reach: Reach, withDescendants: boolean): SQL {
  const meant = withDescendants ? selectDescent(id, reach) : sql`select ${id}::bigint`;
  // The ids are one array: Postgres takes a recursion for long, and would read the whole table of keys.
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

// Follows revoked keys too: the keys that they made before are good until they are revoked themselves.
function selectDescent(id: number, reach: Reach): SQL {
  return sql`
    with recursive descent (id) as (
      select api_keys.id from api_keys where ${isAsked(id, reach)}
      union
      select made.id from descent join api_keys as made on made.created_by = 'key:' || descent.id
    )
    select descent.id from descent limit ${MAX_DESCENT + 1}::int`;
}
