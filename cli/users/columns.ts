import type { User } from '../../src/shapes/user.ts';
import type { Column } from '../output/table.ts';

export const userColumns: readonly Column<User>[] = [
  { title: 'id', of: ({ id }) => id },
  { title: 'username', of: ({ username }) => username },
  { title: 'email', of: ({ email }) => email },
  { title: 'name', of: ({ firstName, lastName }) => `${firstName} ${lastName}`.trim() },
  { title: 'state', of: stateOf },
];

function stateOf({ isActive, isStaff, isSuperuser }: User): string {
  const words = [
    isActive ? 'active' : 'inactive',
    ...(isStaff ? ['staff'] : []),
    ...(isSuperuser ? ['superuser'] : []),
  ];
  return words.join(', ');
}

/** A user on one line. */
export function titleOfUser({ id, username }: Pick<User, 'id' | 'username'>): string {
  return `${username} (user ${id})`;
}
