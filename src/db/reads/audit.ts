import { and, desc, eq, getTableColumns, or, type SQL, sql } from 'drizzle-orm';
import { type AnyPgColumn, union } from 'drizzle-orm/pg-core';
import type { Db } from '../client/client.ts';
import { text, timeInJson } from '../client/decoders.ts';
import { compareRows, isOnly, selectInIndexOrder } from './index-order.ts';
import type { Position } from './lists.ts';
import { accounts, userProfiles, users } from '../schema/tables.ts';
import { apiKeys, auditLog, auditLogAccounts, type AuditRow } from '../schema/managing.ts';

export const AUDITED_ENTITIES = ['account', 'user', 'user_profile', 'api_key'] as const;
export type AuditedEntity = (typeof AUDITED_ENTITIES)[number];

export const AUDITED_ACTIONS = ['create', 'update', 'delete', 'truncate', 'erase'] as const;
export type AuditedAction = (typeof AUDITED_ACTIONS)[number];

const audited = { account: accounts, user: users, user_profile: userProfiles, api_key: apiKeys };

/** The filters of a page of the audit log, newest first; null: no filter. Times are ISO 8601, in UTC, with microseconds. */
export interface AuditPage {
  /** Number of the only account whose log the caller may see. */
  readonly within: string | null;
  readonly actor: string | null;
  readonly requestId: string | null;
  readonly entity: AuditedEntity | null;
  /** Id of one row; only together with the entity. */
  readonly entityId: number | null;
  readonly action: AuditedAction | null;
  /** Number of the account whose log is asked for. */
  readonly accountNumber: string | null;
  /** The name of a user, or of a profile's user, then or now. */
  readonly username: string | null;
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
  // Without duplicates: an entry of a user may be in the stretches of its name and of its id.
  const all = union(first, second, ...others).as('listed');
  const merged = db.select().from(all);
  return selectInIndexOrder(db, merged.orderBy(desc(all.at), desc(all.id)).limit(page.limit));
}

type Value = string | number | SQL;

/**
 * The values of the first columns of an index, in their order, that all entries of a stretch share. No other index begins with the same
 * column and is ordered by time and id.
 */
type Lead = readonly (readonly [AnyPgColumn, Value])[];

/** The stretches of indexes to read. The other filters leave out few of the entries of one request, row, user or account. */
function leadsOf(page: AuditPage): Lead[] {
  const { requestId, entity, entityId, username } = page;
  if (requestId !== null) return [[[auditLog.requestId, requestId]]];
  if (username !== null) return leadsOfUser(page, username);
  if (entity !== null && entityId !== null) return [ofRow(entity, entityId)];
  const account = page.within ?? page.accountNumber;
  if (account !== null) return leadsOfAccount(page, account);
  const lead = ofActorOrAction(page);
  if (!lead) return [entity === null ? [] : [[auditLog.entity, entity]]];
  return entitiesOf(page).map((name) => [lead, [auditLog.entity, name]]);
}

// A caller that is bound to an account finds a user by the name of then alone: the name of now may be one that it does not see.
function leadsOfUser({ within }: AuditPage, username: string): Lead[] {
  const ofThen: Lead = [[auditLog.username, username]];
  const id = sql`(select id from users where username = ${username})`;
  // The last are from before the log had names.
  return within === null ? [ofThen, [[auditLog.userId, id]], ofRow('user', id)] : [ofThen];
}

function leadsOfAccount(page: AuditPage, accountNumber: string): Lead[] {
  const leads = entitiesOf(page).map((name): Lead => [
    [auditLogAccounts.accountNumber, accountNumber],
    [auditLogAccounts.entity, name],
  ]);
  const isSeen = page.within === null && (page.entity ?? 'account') === 'account';
  // These entries are from before the log had names.
  return isSeen ? [...leads, ofRow('account', idOf(accountNumber))] : leads;
}

/** True if each stretch has the entries of the account alone. */
function isLedByAccount({ requestId, username, entityId }: AuditPage): boolean {
  return requestId === null && username === null && entityId === null;
}

function entitiesOf({ entity }: AuditPage): readonly AuditedEntity[] {
  return entity === null ? AUDITED_ENTITIES : [entity];
}

function ofRow(entity: AuditedEntity, id: number | SQL): Lead {
  return [
    [auditLog.entityId, id],
    [auditLog.entity, entity],
  ];
}

function idOf(accountNumber: string): SQL {
  return sql`coalesce((select id from accounts where account_number = ${accountNumber}), (select account_id from retired_account_numbers where account_number = ${accountNumber}))`;
}

/** TRUNCATE is rarer than any actor, and the other actions are more frequent. */
function ofActorOrAction({ actor, action }: AuditPage): Lead[number] | null {
  if (action !== null && (actor === null || action === 'truncate')) return [auditLog.action, action];
  return actor === null ? null : [auditLog.actor, actor];
}

function selectStretch(db: Db, page: AuditPage, lead: Lead) {
  const isOfLog = lead[0]?.[0] === auditLogAccounts.accountNumber;
  const { at, id } = isOfLog ? auditLogAccounts : auditLog;
  const order = [...lead.map(([column]) => column), at, id];
  const entries = db.select(auditColumns).from(auditLog);
  const joined = isOfLog
    ? entries.innerJoin(auditLogAccounts, eq(auditLogAccounts.id, auditLog.id))
    : entries;
  return joined
    .where(and(...filtersOf(page, lead), ...boundsOf(page, at, id)))
    .orderBy(...order.map((column) => desc(column)))
    .limit(page.limit);
}

const FILTERS = ['actor', 'requestId', 'entityId', 'action', 'entity'] as const;

function filtersOf(page: AuditPage, lead: Lead): (SQL | undefined)[] {
  const led = new Set(lead.map(([column]) => column));
  return [
    ...lead.map(([column, value], at) => (at === 0 ? isOnly(column, value) : eq(column, value))),
    ...FILTERS.map((name) => {
      const value = page[name];
      return value === null || led.has(auditLog[name]) ? undefined : eq(auditLog[name], value);
    }),
    isLedByAccount(page) ? undefined : isOfAccount(page),
  ];
}

function isOfAccount({ within, accountNumber }: AuditPage): SQL | undefined {
  const account = within ?? accountNumber;
  if (account === null) return undefined;
  const { id, accountNumber: number } = auditLogAccounts;
  // An array is looked up for each entry. Of EXISTS beside OR Postgres could read the whole table.
  const isListed = sql`${account} = any(array(select ${number} from ${auditLogAccounts} where ${id} = ${auditLog.id}))`;
  if (within !== null) return isListed;
  return or(isListed, and(eq(auditLog.entity, 'account'), eq(auditLog.entityId, idOf(account))));
}

function boundsOf({ after, since, until }: AuditPage, at: AnyPgColumn, id: AnyPgColumn): (SQL | undefined)[] {
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
