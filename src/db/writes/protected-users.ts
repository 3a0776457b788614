import { eq, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { accounts, userProfiles, users } from '../schema/tables.ts';

/** The rights that the user in the row of `users` has after the write. */
export interface RightsLeft {
  readonly isStaff: SQL;
  readonly isSuperuser: SQL;
  readonly isActive: SQL;
}

export const NO_RIGHTS: RightsLeft = { isStaff: sql`false`, isSuperuser: sql`false`, isActive: sql`false` };

/**
 * The statement before a write that takes rights from a member. It waits for all writes that do so in the same accounts, so that
 * the next statement sees their outcome. It locks nothing when the write takes no right.
 */
export function lockAccountsOfAdmin(db: Db, condition: SQL, left: RightsLeft) {
  const isTaken = sql`(
    users.is_staff and not ${left.isStaff} or users.is_superuser and not ${left.isSuperuser}
    or (users.is_staff or users.is_superuser) and users.is_active and not ${left.isActive})`;
  // The order of ids lets two such statements wait for each other without a deadlock.
  return db
    .select({ id: accounts.id })
    .from(accounts)
    .innerJoin(userProfiles, eq(userProfiles.accountId, accounts.id))
    .innerJoin(users, eq(users.id, userProfiles.userId))
    .where(sql`${condition} and ${isTaken}`)
    .orderBy(accounts.id)
    .for('no key update', { of: accounts });
}

/**
 * True if the write would take an account's last admin, or the platform account's last superuser. It asks this for the profiles
 * that meet `condition`, of the user in the row of `users`. When this user is active, only active other users count.
 */
export function takesLastAdmin(platformNumber: string, left: RightsLeft, condition: SQL = sql`true`): SQL {
  const another = (right: SQL) => sql`exists (
    select from user_profiles as other join users as admin on admin.id = other.user_id
    where other.account_id = mine.account_id and other.user_id <> mine.user_id and ${right}
      and (admin.is_active or not users.is_active))`;
  const isLaidOff = sql`(users.is_active and not ${left.isActive})`;
  return sql`exists (
    select from user_profiles as mine join accounts as account on account.id = mine.account_id
    where mine.user_id = users.id and ${condition} and (
      (users.is_staff or users.is_superuser) and (${isLaidOff} or not (${left.isStaff} or ${left.isSuperuser}))
        and not ${another(sql`(admin.is_staff or admin.is_superuser)`)}
      or account.account_number = ${platformNumber} and users.is_superuser and (${isLaidOff} or not ${left.isSuperuser})
        and not ${another(sql`admin.is_superuser`)}
    ))`;
}

/** The users that a writer may not touch: superusers and the user with this name, and with `withStaff` staff too; null: none. */
export type OutOfReach = { readonly username: string; readonly withStaff: boolean } | null;

/** True if the user in the row of `users` is one of them. */
export function isOutOfReach(outOfReach: OutOfReach): SQL {
  if (!outOfReach) return sql`false`;
  const staff = outOfReach.withStaff ? sql` or users.is_staff` : sql``;
  return sql`(users.is_superuser or users.username = ${outOfReach.username}${staff})`;
}
