import { and, eq, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { flag, nullable, text } from '../client/decoders.ts';
import { readRows } from '../client/results.ts';
import {
  countDecoders,
  countsOfRows,
  decodeObstacles,
  type DeletionReach,
  instantOf,
  isTooLarge,
  isWithin,
  type Obstacle,
  obstaclesOf,
} from '../reads/deletions.ts';
import { deletions } from '../schema/deletions.ts';
import { lockErasuresShared } from './erasure.ts';
import { isOutOfReach, type OutOfReach } from './protected-users.ts';
import { type Authorship, writeBatch } from './write-batch.ts';

/** Conditions that a restore depends on. */
export interface RestoreConditions extends DeletionReach {
  /** Users whom, and whose memberships, the writer may not bring back. */
  readonly outOfReach: OutOfReach;
}

/** What a restore finds, and each obstacle. */
export interface RestoreState {
  readonly accounts: number;
  readonly users: number;
  readonly userProfiles: number;
  readonly keys: number;
  /** Null: it was not restored before. */
  readonly restoredAt: string | null;
  readonly isOutOfReach: boolean;
  /** One of the users is a member of an account that the writer does not see. */
  readonly isShared: boolean;
  readonly obstacles: readonly Obstacle[];
}

export interface RestoreOutcome {
  /** The state before; null: no deletion within the writer's reach has the id. */
  readonly state: RestoreState | null;
  /** Null: nothing came back. */
  readonly restoredAt: string | null;
  readonly tags: string[];
}

/** The outcome that restoring the deletion would have; restores nothing. */
export async function selectRestore(
  db: Db,
  id: number,
  conditions: RestoreConditions,
): Promise<RestoreOutcome> {
  const [state] = readRows(await db.execute(stateOf(id, conditions)), stateDecoders);
  return { state: state ?? null, restoredAt: null, tags: [] };
}

/** Restores the deletion, unless one of the conditions forbids it, something stands in the way, or it was done before. */
export async function restoreDeletionRow(
  db: Db,
  author: Authorship,
  id: number,
  conditions: RestoreConditions,
): Promise<RestoreOutcome> {
  const isAsked = eq(deletions.id, id);
  const isLimited = conditions.outOfReach !== null || conditions.onlyIn !== null;
  const { state, restored, tags } = await writeBatch(db, author, {
    erasures: db.execute(lockErasuresShared),
    // The locks are statements of their own: the next ones see what was done while these waited.
    deletion: db.select({ id: deletions.id }).from(deletions).where(isAsked).for('update'),
    ...(isLimited && { users: db.execute(lockUsers(id)) }),
    state: db.execute(stateOf(id, conditions)),
    done: db.execute(sql`
      select restore_deletion(${deletions.id}) as rows from ${deletions}
      where ${and(isAsked, isAllowed(conditions))}`),
    restored: db.execute(sql`
      select ${instantOf(deletions.restoredAt)} as "restoredAt" from ${deletions} where ${isAsked}`),
  });
  const [before] = readRows(state, stateDecoders);
  const [after] = readRows(restored, { restoredAt: nullable(text) });
  const isDone = before?.restoredAt === null;
  return { state: before ?? null, restoredAt: (isDone && after?.restoredAt) || null, tags };
}

function lockUsers(id: number): SQL {
  return sql`select users.id from users where users.id in (
    select user_id from deletion_rows where deletion_id = ${id}) order by users.id for update`;
}

const stateDecoders = {
  ...countDecoders,
  restoredAt: nullable(text),
  isOutOfReach: flag,
  isShared: flag,
  obstacles: decodeObstacles,
};

function stateOf(id: number, conditions: RestoreConditions): SQL {
  return sql`
    select counts.*, ${instantOf(deletions.restoredAt)} as "restoredAt",
      ${bringsOutOfReach(conditions)} as "isOutOfReach", ${bringsShared(conditions)} as "isShared",
      case when ${deletions.restoredAt} is null then ${obstaclesOf(id)} else '[]' end as obstacles
    from ${deletions}, (select ${countsOfRows} from deletion_rows where deletion_id = ${id}) as counts
    where ${and(eq(deletions.id, id), isWithin(conditions))}`;
}

function isAllowed(conditions: RestoreConditions): SQL | undefined {
  return and(
    isWithin(conditions),
    sql`${deletions.restoredAt} is null`,
    sql`not ${bringsOutOfReach(conditions)}`,
    sql`not ${bringsShared(conditions)}`,
    // Postgres might try the long one first.
    sql`case when ${isTooLarge(deletions.id)} then false
      else not exists (select from deletion_obstacles(${deletions.id})) end`,
  );
}

/** True if a user whom the writer may not touch comes back, or a membership of such a user. */
function bringsOutOfReach({ outOfReach }: RestoreConditions): SQL {
  if (!outOfReach) return sql`false`;
  return sql`exists (
    select from deletion_rows as r,
      lateral (
        select * from jsonb_populate_record(null::users, r.row) where r.entity = 'user'
        union all
        select * from users where users.id = r.user_id and r.entity = 'user_profile'
      ) as users
    where r.deletion_id = ${deletions.id} and ${isOutOfReach(outOfReach)})`;
}

function bringsShared({ onlyIn }: RestoreConditions): SQL {
  if (onlyIn === null) return sql`false`;
  return sql`exists (
    select from deletion_rows as r join user_profiles as p on p.user_id = r.user_id
      join accounts as a on a.id = p.account_id
    where r.deletion_id = ${deletions.id} and a.account_number <> ${onlyIn})`;
}

/** Deletes rows of deletions that are older than `days`, at most `limit`, those of the oldest deletions first. */
export function deleteOldDeletionRows(db: Db, days: number, limit: number) {
  return db.execute(sql`
    delete from deletion_rows where ctid = any(array(
      select r.ctid from ${deletions} join deletion_rows as r on r.deletion_id = ${deletions.id}
      where ${isOld(days)} order by ${deletions.at} limit ${limit}))`);
}

/** Deletes deletions that are older than `days` and have no rows any more, at most `limit`, the oldest first. */
export function deleteOldDeletions(db: Db, days: number, limit: number) {
  return db.execute(sql`
    delete from ${deletions} where id = any(array(
      select id from ${deletions} where ${isOld(days)}
        and not exists (select from deletion_rows as r where r.deletion_id = ${deletions.id})
      order by ${deletions.at} limit ${limit}))`);
}

const isOld = (days: number): SQL => sql`${deletions.at} <= now() - ${days} * interval '1 day'`;
