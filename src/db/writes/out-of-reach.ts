import { sql, type SQL } from 'drizzle-orm';

/** The users that a writer may not touch: superusers and the user with this name, and with `withStaff` staff too; null: none. */
export type OutOfReach = { readonly username: string; readonly withStaff: boolean } | null;

/** Whether the user in the row of `users` is one of them. */
export function isOutOfReach(outOfReach: OutOfReach): SQL {
  if (!outOfReach) return sql`false`;
  const staff = outOfReach.withStaff ? sql` or users.is_staff` : sql``;
  return sql`(users.is_superuser or users.username = ${outOfReach.username}${staff})`;
}
