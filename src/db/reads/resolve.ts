import { and, asc, desc, eq, exists, isNull, max, type SQL, sql, type SQLWrapper } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import { runBatch } from '../client/batch.ts';
import type { Db } from '../client/client.ts';
import { text } from '../client/decoders.ts';
import { listed } from '../schema/columns.ts';
import { retiredAccountNumbers } from '../schema/deleted-rows.ts';
import { deletionRows, deletions } from '../schema/deletions.ts';
import { auditLog } from '../schema/managing.ts';
import { type AccountRow, accounts, userProfiles, type UserRow, users } from '../schema/tables.ts';
import { selectAdmin } from '../writes/admins.ts';
import { type PlatformAccount, selectAccountsForUsers } from './accounts.ts';
import { auditColumns, type AuditEntryRow } from './audit.ts';
import { type DeletionReach, instantOf, isKept, isWithin } from './deletions.ts';
import { walkIndexes } from './index-order.ts';

/** The rows about an account number in Postgres. */
export interface ResolvedNumber {
  readonly account: AccountRow | null;
  /** The lowest profile whose user is staff or superuser. */
  readonly admin: { readonly userProfileId: number; readonly user: UserRow } | null;
  /** The deleted account that had the number. */
  readonly retired: { readonly accountId: number; readonly retiredAt: Date } | null;
  /** The deletion that holds that account, while it is kept and can be restored. */
  readonly deletion: { readonly id: number; readonly at: Date; readonly actor: string } | null;
  /** The account's entries in the audit log, newest first. */
  readonly entries: AuditEntryRow[];
}

/** Selects what Postgres holds of the number, in one request. */
export async function selectNumber(
  db: Db,
  accountNumber: string,
  { entriesLimit, keptDays }: { readonly entriesLimit: number; readonly keptDays: number },
): Promise<ResolvedNumber> {
  const ofNumber = eq(retiredAccountNumbers.accountNumber, accountNumber);
  const present = db
    .select({ id: accounts.id })
    .from(accounts)
    .where(eq(accounts.accountNumber, accountNumber));
  const deleted = db.select({ id: retiredAccountNumbers.accountId }).from(retiredAccountNumbers);
  const { admin, retired, kept, entries } = await runBatch(db, {
    admin: selectAdmin(db, accountNumber),
    retired: db.select().from(retiredAccountNumbers).where(ofNumber),
    settings: walkIndexes(db),
    kept: selectDeletionOf(db, accountNumber, deleted.where(ofNumber), keptDays),
    entries: db
      .select(auditColumns)
      .from(auditLog)
      .where(
        and(
          sql`${auditLog.entityId} = any(array[coalesce((${present}), (${deleted.where(ofNumber)}))])`,
          eq(auditLog.entity, 'account'),
        ),
      )
      .orderBy(desc(auditLog.entityId), desc(auditLog.entity), desc(auditLog.at), desc(auditLog.id))
      .limit(entriesLimit),
  });
  const [row] = admin;
  return {
    account: row?.account ?? null,
    admin: row?.profile && row.user ? { userProfileId: row.profile.id, user: row.user } : null,
    retired: retired[0] ?? null,
    deletion: kept[0] ?? null,
    entries,
  };
}

// Nothing of an account is deleted after the account itself.
function selectDeletionOf(db: Db, accountNumber: string, accountId: SQLWrapper, keptDays: number) {
  const newest = db
    .select({ id: max(deletionRows.deletionId) })
    .from(deletionRows)
    .where(eq(deletionRows.accountNumber, accountNumber));
  const row = db
    .select({ id: deletionRows.id })
    .from(deletionRows)
    .where(
      and(
        eq(deletionRows.deletionId, deletions.id),
        eq(deletionRows.entity, 'account'),
        eq(deletionRows.id, sql`(${accountId})`),
      ),
    );
  return db
    .select({ id: deletions.id, at: deletions.at, actor: deletions.actor })
    .from(deletions)
    .where(
      and(eq(deletions.id, sql`(${newest})`), isNull(deletions.restoredAt), isKept(keptDays), exists(row)),
    );
}

/** The names by which a user is sought; null: not by this one. */
export interface SoughtUser {
  readonly id: number | null;
  readonly username: string | null;
  readonly email: string | null;
  readonly externalId: string | null;
}

/** The rows about the users who are sought, in Postgres. */
export interface ResolvedUsers {
  readonly candidates: UserRow[];
  /** The memberships of the only candidate, by the ids of the profiles. The account is null where a session without foreign keys has yet to load it. */
  readonly memberships: { readonly userProfileId: number; readonly account: AccountRow | null }[];
  /** The account that answers for the only candidate. */
  readonly answer: AccountRow | null;
  /** The newest deletion that holds a user of this id or username and can be restored. */
  readonly deletion: DeletedUser | null;
}

export interface DeletedUser {
  readonly id: number;
  /** In UTC, with microseconds. */
  readonly instant: string;
  readonly actor: string;
  readonly userId: number | null;
  readonly username: string | null;
}

export interface SoughtWithin {
  readonly platform: PlatformAccount;
  /** Number of the only account whose members are sought; null: all users. */
  readonly within: string | null;
  readonly limits: ResolveLimits;
  /** The deletions among which the user is sought, too; null: none. */
  readonly reach: DeletionReach | null;
}

/** The greatest numbers of rows to select. */
export interface ResolveLimits {
  readonly candidates: number;
  readonly memberships: number;
}

/** Selects what Postgres holds of the users who are sought, in one request. */
export async function selectSoughtUsers(
  db: Db,
  sought: SoughtUser,
  { platform, within, limits, reach }: SoughtWithin,
): Promise<ResolvedUsers> {
  const found = foundIds(db, sought, within, limits.candidates);
  const only = sql`(select case when count(*) = 1 then min(id) end from (select distinct id from (${found}) as each) as found)`;
  const ownAccount = within === null ? undefined : eq(accounts.accountNumber, within);
  const { candidates, memberships, answer, deleted } = await runBatch(db, {
    candidates: db
      .select()
      .from(users)
      .where(sql`${users.id} = any(array(${found}))`)
      .orderBy(asc(users.id))
      .limit(limits.candidates),
    memberships: db
      .select({ userProfileId: userProfiles.id, account: accounts })
      .from(userProfiles)
      .leftJoin(accounts, eq(accounts.id, userProfiles.accountId))
      .where(and(eq(userProfiles.userId, only), ownAccount))
      .orderBy(asc(userProfiles.id))
      .limit(limits.memberships),
    answer: selectAccountsForUsers(db, platform, eq(users.id, only)),
    ...(reach && { deleted: selectDeletionOfUser(db, sought, reach) }),
  });
  return { candidates, memberships, answer: answer[0]?.account ?? null, deletion: deleted?.[0] ?? null };
}

// The rows of deletions have no index of the other names.
function selectDeletionOfUser(db: Db, { id, username }: SoughtUser, reach: DeletionReach) {
  const part = (condition: SQL | undefined) =>
    db
      .select({
        deletionId: deletionRows.deletionId,
        userId: deletionRows.userId,
        username: deletionRows.username,
      })
      .from(deletionRows)
      .where(and(condition ?? NOBODY, eq(deletionRows.entity, 'user')));
  const named = unionAll(
    part(id === null ? undefined : eq(deletionRows.userId, id)),
    part(username === null ? undefined : eq(deletionRows.username, username)),
  ).as('named');
  return db
    .select({
      id: deletions.id,
      instant: instantOf(deletions.at).mapWith(text),
      actor: deletions.actor,
      userId: named.userId,
      username: named.username,
    })
    .from(named)
    .innerJoin(deletions, eq(deletions.id, named.deletionId))
    .where(and(isNull(deletions.restoredAt), isWithin(reach)))
    .orderBy(desc(deletions.id))
    .limit(1);
}

const NOBODY = sql`false`;

/** The ids of users with one of the names, each from its own index; an id may come twice. */
function foundIds(
  db: Db,
  { id, username, email, externalId }: SoughtUser,
  within: string | null,
  limit: number,
) {
  const part = (condition: SQL | undefined) =>
    db
      .select({ id: users.id })
      .from(users)
      .where(and(condition ?? NOBODY, within === null ? undefined : isMember(db, within)))
      .limit(limit);
  return unionAll(
    part(id === null ? undefined : eq(users.id, id)),
    part(username === null ? undefined : eq(users.username, username)),
    part(externalId === null ? undefined : eq(users.externalId, externalId)),
    part(email === null ? undefined : hasEmail(email)),
  );
}

// The index has the flag first, and of a text its beginning.
function hasEmail(email: string): SQL | undefined {
  return and(
    sql`${users.isActive} = any('{t,f}'::boolean[])`,
    sql`${listed(users.email)} = ${listed(email)}`,
    sql`public.comparable_username(${users.email}) = public.comparable_username(${email})`,
  );
}

function isMember(db: Db, accountNumber: string): SQL {
  const membership = db
    .select({ id: userProfiles.id })
    .from(userProfiles)
    .innerJoin(accounts, eq(accounts.id, userProfiles.accountId))
    .where(and(eq(userProfiles.userId, users.id), eq(accounts.accountNumber, accountNumber)));
  return sql`exists (${membership})`;
}
