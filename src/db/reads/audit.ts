import { and, desc, eq, getTableColumns, type SQL, sql } from 'drizzle-orm';
import { type AnyPgColumn, unionAll } from 'drizzle-orm/pg-core';
import type { Db } from '../client/client.ts';
import { text, timeInJson } from '../client/decoders.ts';
import { compareRows, isOnly, selectInIndexOrder } from './index-order.ts';
import type { Position } from './lists.ts';
import { accounts, userProfiles, users } from '../schema/tables.ts';
import { apiKeys, auditLog, type AuditRow } from '../schema/managing.ts';

export const AUDITED_ENTITIES = ['account', 'user', 'user_profile', 'api_key'] as const;
export type AuditedEntity = (typeof AUDITED_ENTITIES)[number];

export const AUDITED_ACTIONS = ['create', 'update', 'delete', 'truncate'] as const;
export type AuditedAction = (typeof AUDITED_ACTIONS)[number];

const audited = { account: accounts, user: users, user_profile: userProfiles, api_key: apiKeys };

/** The filters of a page of the audit log, newest first; null: no filter. Times are ISO 8601, in UTC, with microseconds. */
export interface AuditPage {
  readonly actor: string | null;
  readonly requestId: string | null;
  readonly entity: AuditedEntity | null;
  /** Id of one row; only together with the entity. */
  readonly entityId: number | null;
  readonly action: AuditedAction | null;
  /** The account with this number, or the user with this username, in place of the entity and its id. */
  readonly named: { readonly entity: 'account' | 'user'; readonly name: string } | null;
  readonly since: string | null;
  /** The end of the time, which itself is left out. */
  readonly until: string | null;
  /** The last entry of the page before; its key is a time. */
  readonly after: Position | null;
  readonly limit: number;
}

/** An entry. `instant` is its time as answers show it, in the years 1000 to 9999; `exactInstant` is the time that Postgres holds. */
export type AuditEntryRow = Omit<AuditRow, 'at'> & {
  readonly instant: string;
  readonly exactInstant: string;
};

const FIRST_INSTANT = sql.raw(`'1000-01-01T00:00:00.000000Z'`);
const LAST_INSTANT = sql.raw(`'9999-12-31T23:59:59.999999Z'`);
const instantOf = (at: AnyPgColumn) =>
  sql`to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** The columns of an entry. */
export const auditColumns = {
  ...getTableColumns(auditLog),
  // The column is selected as it is, because entries are merged in its order.
  at: sql`${auditLog.at}`.mapWith(text).as('at'),
  instant:
    sql`case when ${auditLog.at} < ${FIRST_INSTANT} then ${FIRST_INSTANT} when ${auditLog.at} > ${LAST_INSTANT} then ${LAST_INSTANT} else ${instantOf(auditLog.at)} end`
      .mapWith(text)
      .as('instant'),
  // The next page begins after this time, so it must be the column's own, even 'infinity' or a year before Christ, which no table
  // should hold.
  exactInstant:
    sql`case when not isfinite(${auditLog.at}) then ${auditLog.at}::text else ${instantOf(auditLog.at)} || case when extract(year from ${auditLog.at} at time zone 'UTC') < 0 then ' BC' else '' end end`
      .mapWith(text)
      .as('exact_instant'),
};

export function selectAuditRows(db: Db, page: AuditPage): Promise<AuditEntryRow[]> {
  const [first, second, ...others] = leadsOf(page).map((lead) => selectStretch(db, page, lead));
  if (!first) return Promise.resolve([]);
  if (!second) return selectInIndexOrder(db, first);
  const all = unionAll(first, second, ...others).as('listed');
  const merged = db.select().from(all);
  return selectInIndexOrder(db, merged.orderBy(desc(all.at), desc(all.id)).limit(page.limit));
}

const FILTERS = ['actor', 'requestId', 'entityId', 'action', 'entity'] as const;

/** The values of an index's first columns, named in their order, that all entries of a stretch share. No other index begins with the
 * same column and is ordered by time and id. */
type Lead = { readonly [K in (typeof FILTERS)[number]]?: string | number | SQL };

/** The stretches of indexes to read. The other filters leave out few of the entries of one request, or of one row. */
function leadsOf(page: AuditPage): Lead[] {
  const { requestId, entity, entityId, named } = page;
  if (requestId !== null) return [{ requestId }];
  if (named) return [{ entityId: idOf(named), entity: named.entity }];
  if (entity !== null && entityId !== null) return [{ entityId, entity }];
  const lead = ofActorOrAction(page);
  if (!lead) return entity === null ? [{}] : [{ entity }];
  return (entity === null ? AUDITED_ENTITIES : [entity]).map((name) =>
    Object.assign({}, lead, { entity: name }),
  );
}

/** TRUNCATE is rarer than any actor, and the other actions are more frequent. */
function ofActorOrAction({ actor, action }: AuditPage): Lead | null {
  if (action !== null && (actor === null || action === 'truncate')) return { action };
  return actor === null ? null : { actor };
}

function idOf({ entity, name }: NonNullable<AuditPage['named']>): SQL {
  if (entity === 'user') return sql`(select id from users where username = ${name})`;
  return sql`coalesce((select id from accounts where account_number = ${name}), (select account_id from retired_account_numbers where account_number = ${name}))`;
}

function selectStretch(db: Db, page: AuditPage, lead: Lead) {
  const order = [
    ...FILTERS.filter((name) => name in lead).map((name) => auditLog[name]),
    auditLog.at,
    auditLog.id,
  ];
  return db
    .select(auditColumns)
    .from(auditLog)
    .where(and(...filtersOf(page, lead), ...boundsOf(page)))
    .orderBy(...order.map((column) => desc(column)))
    .limit(page.limit);
}

function filtersOf(page: AuditPage, lead: Lead): SQL[] {
  const [first] = Object.keys(lead);
  return FILTERS.flatMap((name) => {
    const value = lead[name] ?? page[name];
    if (value === null) return [];
    return name === first ? isOnly(auditLog[name], value) : eq(auditLog[name], value);
  });
}

function boundsOf({ after, since, until }: AuditPage): (SQL | undefined)[] {
  const { at, id } = auditLog;
  return [
    since === null ? undefined : sql`${at} >= ${since}`,
    after ? compareRows([at, id], '<', [after.key ?? '', after.id]) : undefined,
    until === null || after ? undefined : sql`${at} < ${until}`,
  ];
}

/** The changes of an entry by the names and with the times that answers show. */
export function namedChanges({
  entity,
  changes,
}: Pick<AuditRow, 'entity' | 'changes'>): [name: string, before: unknown, after: unknown][] {
  const table = audited[entity as AuditedEntity];
  const named = new Map(
    Object.entries(getTableColumns(table)).map(([name, column]) => [column.name, { name, column }]),
  );
  return Object.entries(changes as Record<string, [unknown, unknown]>).map(([key, values]) => {
    const { name = key, column } = named.get(key) ?? {};
    const [before, after] = column?.dataType === 'date' ? values.map(toIsoTime) : values;
    return [name, before, after];
  });
}

// The time is in the time zone of the session that made the change.
function toIsoTime(value: unknown): unknown {
  try {
    return value === null ? null : timeInJson(value).toISOString();
  } catch {
    return value;
  }
}

/** Deletes entries that are older than `days`, at most `limit`, the oldest first. */
export function deleteOldAuditRows(db: Db, days: number, limit: number) {
  const old = db
    .select({ ctid: sql`ctid` })
    .from(auditLog)
    .where(sql`${auditLog.at} < now() - ${days} * interval '1 day'`)
    .orderBy(auditLog.at)
    .limit(limit);
  return db.delete(auditLog).where(sql`ctid = any(array(${old}))`);
}
