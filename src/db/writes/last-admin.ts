import { eq, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../client/client.ts';
import { accounts, userProfiles, users } from '../schema/tables.ts';

/** The rights that the user in the row of `users` is left with. */
export interface RightsLeft {
  readonly isStaff: SQL;
  readonly isSuperuser: SQL;
  readonly isActive: SQL;
}

export const NO_RIGHTS: RightsLeft = { isStaff: sql`false`, isSuperuser: sql`false`, isActive: sql`false` };

/**
 * The statement before a write that takes rights from a member: it waits for all others that do so in the same accounts,
 * so that the next statement sees what they left. Locks nothing where no right is taken.
 */
export function lockAccountsOfAdmin(db: Db, condition: SQL, left: RightsLeft) {
  const isTaken = sql`(
    users.is_staff and not ${left.isStaff} or users.is_superuser and not ${left.isSuperuser}
    or (users.is_staff or users.is_superuser) and users.is_active and not ${left.isActive})`;
  // In the order of ids, so that two at once wait and do not deadlock.
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
 * Whether one of the profiles that `condition` picks, of the user in the row of `users`, is that of an account's last
 * admin, or of the platform account's last superuser, and would be so no longer. Where the user is active, others count
 * only if they are too.
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
