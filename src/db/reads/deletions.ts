import { and, desc, eq, sql, type SQL, type SQLWrapper } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { list, nullable, text, texts, whole } from '../client/decoders.ts';
import { readRow } from '../client/results.ts';
import { deletions } from '../schema/deletions.ts';
import type { AuditedEntity } from './audit.ts';
import { compareRows, isOnly, selectInIndexOrder } from './index-order.ts';
import type { Position } from './lists.ts';

export type DeletedEntity = Exclude<AuditedEntity, 'api_key'>;

/** The deletions that a caller may see. */
export interface DeletionReach {
  /** Number of the only account that the caller sees; null: all accounts. */
  readonly onlyIn: string | null;
  /** Older deletions are as good as gone. */
  readonly keptDays: number;
}

/** The filters of a page of deletions, newest first; null: no filter. Times are ISO 8601, in UTC, with microseconds. */
export interface DeletionPage {
  readonly entity: DeletedEntity | null;
  /** Number of an account that was deleted or lost a member. */
  readonly accountNumber: string | null;
  /** Username of a user that was deleted or lost a membership. */
  readonly username: string | null;
  readonly since: string | null;
  readonly until: string | null;
  /** The last deletion of the page before; its key is a time. */
  readonly after: Position | null;
  readonly limit: number;
}

/** A time as answers show it, in UTC, with microseconds. */
export const instantOf = (at: typeof deletions.at | typeof deletions.restoredAt): SQL =>
  sql`to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const shownColumns = {
  id: deletions.id,
  instant: instantOf(deletions.at).mapWith(text),
  actor: deletions.actor,
  requestId: deletions.requestId,
  entity: deletions.entity,
  entityId: deletions.entityId,
  accountNumber: deletions.accountNumber,
  username: deletions.username,
  restoredInstant: instantOf(deletions.restoredAt).mapWith(nullable(text)),
  restoredBy: deletions.restoredBy,
};

export type ShownDeletion = Awaited<ReturnType<typeof selectDeletions>>[number];

export function selectDeletions(db: Db, page: DeletionPage, reach: DeletionReach) {
  const { entity, accountNumber, username, since, until, after, limit } = page;
  const { id, at } = deletions;
  const named = [
    accountNumber === null ? undefined : isNamed(sql`account_number = ${accountNumber}`),
    username === null ? undefined : isNamed(sql`username = ${username}`),
    reach.onlyIn === null ? undefined : isNamed(sql`account_number = ${reach.onlyIn}`),
  ].filter((condition) => condition !== undefined);
  const filters = [
    isWithin(reach),
    since === null ? undefined : sql`${at} >= ${since}`,
    until === null || after ? undefined : sql`${at} < ${until}`,
    after ? compareRows([at, id], '<', [after.key ?? '', after.id]) : undefined,
  ];
  const select = (
    condition: SQL | undefined,
    order: readonly (typeof deletions.at | typeof deletions.entity)[],
  ) =>
    db
      .select(shownColumns)
      .from(deletions)
      .where(and(condition, ...filters))
      .orderBy(...order.map((column) => desc(column)), desc(id))
      .limit(limit);
  // Few deletions have a name, and they are found by it. No index has the expression.
  if (named.length > 0)
    return select(and(...named, entity === null ? undefined : sql`${deletions.entity} || '' = ${entity}`), [
      at,
    ]);
  if (entity === null) return selectInIndexOrder(db, select(undefined, [at]));
  return selectInIndexOrder(db, select(isOnly(deletions.entity, entity), [deletions.entity, at]));
}

function isNamed(condition: SQL): SQL {
  return sql`${deletions.id} = any(array(select distinct deletion_id from deletion_rows where ${condition}))`;
}

/** True if the deletion in the row of `deletions` is not older than deletions are kept. */
export const isKept = (days: number): SQL => sql`${deletions.at} > now() - ${days} * interval '1 day'`;

/**
 * True if the deletion in the row of `deletions` is kept still and within reach: one that concerns other accounts too, or a user
 * who was a member of none, is out of the reach of a caller that is bound to an account.
 */
export function isWithin({ onlyIn, keptDays }: DeletionReach): SQL {
  if (onlyIn === null) return isKept(keptDays);
  // Without the offsets Postgres could join, for which it would read the rows of all deletions.
  return sql`(${isKept(keptDays)} and not exists (
    select from deletion_rows as r where r.deletion_id = ${deletions.id} and case r.entity
      when 'user_profile' then r.account_number is distinct from ${onlyIn}
      when 'user' then not exists (
        select from deletion_rows as p
        where p.deletion_id = r.deletion_id and p.user_id = r.id and p.entity = 'user_profile' offset 0)
      else true end offset 0))`;
}

/** The numbers of rows that a deletion deleted. */
export const countsOfRows = sql`
  count(*) filter (where entity = 'account') as accounts, count(*) filter (where entity = 'user') as users,
  count(*) filter (where entity = 'user_profile') as "userProfiles", count(*) filter (where entity = 'api_key') as keys`;

export const countDecoders = { accounts: whole, users: whole, userProfiles: whole, keys: whole };

/** Greatest number of names, and of obstacles, that an answer lists. */
const MAX_LISTED = 100;

export interface Obstacle {
  readonly entity: string;
  readonly entityId: number;
  readonly code: string;
  readonly detail: string;
}

/** Greatest number of rows that Postgres brings back within the deadline; each adds an entry to the audit log. */
export const MAX_RESTORED_ROWS = 20_001;

/** True if the deletion has more rows than the service restores. */
export const isTooLarge = (id: number | SQL | SQLWrapper): SQL =>
  sql`exists (select from deletion_rows where deletion_id = ${id} offset ${MAX_RESTORED_ROWS}::int)`;

/** The obstacles in order. None of a deletion that is too large, whose obstacles would take longer to find than the deadline. */
export const obstaclesOf = (id: number | SQL): SQL => sql`
  case when ${isTooLarge(id)} then '[]' else (select coalesce(jsonb_agg(o), '[]') from (
    select f.entity, f.entity_id as "entityId", f.code, f.detail from deletion_obstacles(${id}) as f
    order by f.entity, f.entity_id, f.code limit ${MAX_LISTED}
  ) as o) end`;

export const decodeObstacles = list((item): Obstacle => ({
  entity: text(item['entity']),
  entityId: whole(item['entityId']),
  code: text(item['code']),
  detail: text(item['detail']),
}));

/** A deletion, what it holds, and what stands in the way of its return. Null: none within reach has the id. */
export async function selectDeletion(db: Db, id: number, reach: DeletionReach) {
  const isAsked = and(eq(deletions.id, id), isWithin(reach));
  // A deletion beyond the caller's reach costs no more than one that is not there.
  const asked = sql`(select ${deletions.id} from ${deletions} where ${isAsked})`;
  const [shown, held] = await db.batch([
    db.select(shownColumns).from(deletions).where(isAsked),
    db.execute(sql`
      select ${countsOfRows},
        array(select account_number from deletion_rows where deletion_id = ${asked} and entity = 'account'
          order by id limit ${MAX_LISTED}) as "accountNumbers",
        array(select username from deletion_rows where deletion_id = ${asked} and entity = 'user'
          order by id limit ${MAX_LISTED}) as usernames,
        ${obstaclesOf(asked)} as obstacles
      from deletion_rows where deletion_id = ${asked}`),
  ]);
  const [row] = shown;
  if (!row) return null;
  const content = readRow(held, {
    ...countDecoders,
    accountNumbers: texts,
    usernames: texts,
    obstacles: decodeObstacles,
  });
  return { ...row, ...content };
}
