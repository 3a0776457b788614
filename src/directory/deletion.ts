import * as z from 'zod';
import { requireScope, requireUnbound, type Writer } from './caller.ts';
import { RefusedError } from './errors.ts';

const count = z.int().nonnegative();

/** The number of rows that a deletion deleted, or with `dryRun` would delete. */
export const Deletion = z
  .object({ dryRun: z.boolean(), accounts: count, users: count, userProfiles: count, keys: count })
  .meta({ id: 'Deletion' });
export type Deletion = z.infer<typeof Deletion>;

/** The error of a write to a row that is not in a state that the writer has seen. */
export function otherRevisionError(current: object): RefusedError {
  return new RefusedError('precondition_failed', 'it was changed since you read it; read it again', current);
}

/** True if the writer forces taking an account's last admin; throws `forbidden` if it forces this and may not. */
export function mayTakeLastAdmin({ caller, isForced = false }: Writer): boolean {
  if (!isForced) return false;
  requireScope(caller, 'rights:write');
  requireUnbound(caller);
  return true;
}

/** The error of a write that would leave an account, or the platform, without an admin. */
export function lastAdminError(): RefusedError {
  return new RefusedError(
    'last_admin_is_protected',
    'the user is the last active admin of an account; make another member one first, or insist (force)',
  );
}
