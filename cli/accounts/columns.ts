import type { Account } from '../../src/shapes/account.ts';
import type { Column } from '../output/table.ts';

export const accountColumns: readonly Column<Account>[] = [
  { title: 'number', of: ({ accountNumber }) => accountNumber },
  { title: 'company', of: ({ companyName }) => companyName },
  { title: 'state', of: stateOf },
  { title: 'id', of: ({ id }) => id },
];

export function stateOf({ isActive, isDefaultAccount }: Account): string {
  const state = isActive ? 'active' : 'inactive';
  return isDefaultAccount ? `${state}, default` : state;
}

/** An account on one line. */
export function titleOfAccount({ accountNumber, companyName }: Account): string {
  return `${accountNumber}   ${companyName}`;
}
