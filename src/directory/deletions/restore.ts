import * as z from 'zod';
import {
  type RestoreConditions,
  restoreDeletionRow,
  type RestoreState,
  selectRestore,
} from '../../db/writes/deletions.ts';
import { unknownDeletion } from '../absence.ts';
import type { Writer } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { RefusedError } from '../errors.ts';
import { outOfReachError, outOfReachOf } from '../users/fields.ts';
import { authorOf, type Written, write } from '../write.ts';
import { reachOf, tooManyRows } from './deletions.ts';

const count = z.int().nonnegative();

/** The numbers of rows that a restore brought back, or with `dryRun` would bring back. */
export const Restoration = z
  .object({
    dryRun: z.boolean(),
    deletionId: z.int().positive(),
    restoredAt: z.iso.datetime().nullable().meta({ description: 'Null in a dry run.' }),
    isRepeat: z.boolean().meta({ description: 'It was restored before; this request did nothing.' }),
    accounts: count,
    users: count,
    userProfiles: count,
    keys: count.meta({ description: 'They come back as revoked.' }),
  })
  .meta({ id: 'Restoration' });
export type Restoration = z.infer<typeof Restoration>;

/**
 * Brings a deletion back, in one transaction; with `dryRun` only says what would come. One that was restored before stays as it is.
 * Throws `deletion_does_not_exist`, `restore_is_blocked` with everything that stands in the way, and `forbidden` when users or
 * memberships come back that the caller could not have made.
 */
export async function restoreDeletion(
  deps: Deps,
  writer: Writer,
  deletionId: number,
  dryRun: boolean,
): Promise<Written<Restoration>> {
  const conditions: RestoreConditions = {
    ...reachOf(deps, writer.caller),
    outOfReach: outOfReachOf(writer.caller, deps.platform),
  };
  const run = () =>
    dryRun
      ? selectRestore(deps.db, deletionId, conditions)
      : restoreDeletionRow(deps.db, authorOf(writer), deletionId, conditions);
  const { state, restoredAt, token } = await write(deps, run);
  const { accounts, users, userProfiles, keys, ...found } = state ?? unknownDeletion();
  const isRepeat = found.restoredAt !== null;
  if (!isRepeat && restoredAt === null) {
    requireRestorable({ accounts, users, userProfiles, keys, ...found });
    // Something came into the way between two statements of the batch.
    if (!dryRun) throw blockedError(['the rows changed meanwhile; try again']);
  }
  const counts = { accounts, users, userProfiles, keys };
  const value = { dryRun, deletionId, restoredAt: found.restoredAt ?? restoredAt, isRepeat, ...counts };
  return { value, token };
}

/** More is not for people; `GET /v1/deletions/{deletionId}` lists more. */
const MAX_TOLD = 20;

function requireRestorable(state: RestoreState): void {
  if (state.isShared) {
    throw new RefusedError(
      'forbidden',
      'callers that are bound to an account may not bring back a member of another account',
    );
  }
  if (state.isOutOfReach) throw outOfReachError();
  const isTooLarge = tooManyRows(state);
  const reasons = isTooLarge === null ? state.obstacles.map(({ detail }) => detail) : [isTooLarge];
  if (reasons.length > 0) throw blockedError(reasons);
}

function blockedError(reasons: readonly string[]): RefusedError {
  const more = reasons.length > MAX_TOLD ? [`and more, which GET /v1/deletions/{deletionId} lists`] : [];
  return new RefusedError('restore_is_blocked', [...reasons.slice(0, MAX_TOLD), ...more].join('; '));
}
