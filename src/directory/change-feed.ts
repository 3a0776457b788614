import * as z from 'zod';
import { sleep } from '../cache/clock.ts';
import type { ReadDemands } from '../cache/look-up.ts';
import {
  FED_KINDS,
  type FedChange,
  type FedChanges,
  type FedSlice,
  selectChanges,
} from '../db/reads/change-feed.ts';
import { fromAccountSnapshot, fromSnapshot, fromUserSnapshot } from '../db/reads/snapshot.ts';
import { userProfiles } from '../db/schema/tables.ts';
import type { Cursor } from './page.ts';
import { Account, toAccount } from './accounts/accounts.ts';
import type { Deps } from './deps.ts';
import { RefusedError } from './errors.ts';
import { readPastCaches } from './paged-read.ts';
import { UserProfile } from './profiles/user-profile.ts';
import { toUser, User } from './users/users.ts';

export const FedKind = z.enum(FED_KINDS, `must be one of ${FED_KINDS.join(', ')}`);
export type FedKind = z.infer<typeof FedKind>;

const FedProfile = UserProfile.omit({ user: true, account: true })
  .extend({ userId: z.int().positive(), accountId: z.int().positive(), revision: z.int().positive() })
  .meta({ id: 'UserProfileRow' });

export const ChangedRow = z.union([Account, User, FedProfile, z.null()]).meta({ id: 'ChangedRow' });

/** A change of one row, or the news that many rows of a kind have changed. */
export const Change = z
  .object({
    kind: FedKind,
    id: z.int().positive().nullable(),
    operation: z
      .enum(['create', 'update', 'delete', 'resync'])
      .meta({ description: '`resync`: so many rows have changed that you must read the kind anew.' }),
    at: z.iso.datetime(),
    actor: z.string().meta({ description: 'As in the audit log; `sql:<role>` if SQL named none.' }),
    before: ChangedRow,
    after: ChangedRow,
  })
  .meta({ id: 'Change' });
export type Change = z.infer<typeof Change>;

/** The longest that a request is held, in seconds. Postgres is asked once a second. */
export const MAX_WAIT_S = 20;
const ASK_EVERY_MS = 1_000;

export interface ListedChanges {
  readonly items: readonly Change[];
  /** The number after which the next page begins. */
  readonly upTo: number;
}

/**
 * The changes after a number, in order. Where there are none it waits for some, up to `waitS` seconds, unless the caller goes
 * away. Throws `cursor_expired` for a number that is older than what is kept.
 */
export async function listChanges(
  deps: Deps,
  asked: FedChanges,
  waitS: number,
  read: ReadDemands,
  caller?: Pick<AbortSignal, 'aborted'>,
): Promise<ListedChanges> {
  const { clock } = deps.cache;
  let from = asked.after;
  for (let asksLeft = waitS; ; asksLeft--) {
    const page = { ...asked, after: from };
    const slice = await readPastCaches(deps, read, () => selectChanges(deps.db, page));
    requireKept(slice);
    const isOver = slice.changes.length > 0 || asksLeft <= 0 || asked.after === 'latest';
    if (isOver || caller?.aborted) return { items: slice.changes.map(toChange), upTo: slice.upTo };
    if (slice.upTo === slice.from) await sleep(clock, ASK_EVERY_MS);
    from = slice.upTo;
  }
}

// Another database, or a restored one, may also have fewer changes than the reader has seen.
function requireKept({ from, oldest, newest }: FedSlice): void {
  if (from >= oldest - 1 && from <= newest) return;
  throw new RefusedError(
    'cursor_expired',
    'after: changes that follow this cursor are kept no longer; ask for after=latest, read everything anew, and follow from that cursor',
  );
}

/** The change as callers see it. */
export function toChange({ rowId, before, after, ...change }: FedChange): Change {
  const named = Change.pick({ kind: true, operation: true, at: true, actor: true }).parse(change);
  const show = rows[named.kind];
  const toRow = (json: unknown) => (json === null ? null : show(json));
  return { ...named, id: rowId, before: toRow(before), after: toRow(after) };
}

/** A row of each kind as callers see it, of its `to_jsonb`. */
export const rows: { readonly [K in FedKind]: (json: unknown) => Change['after'] } = {
  account: (json) => toAccount(fromAccountSnapshot(json)),
  user: (json) => toUser(fromUserSnapshot(json)),
  user_profile: (json) => {
    const profile = fromSnapshot(userProfiles, json);
    return {
      ...profile,
      createdAt: profile.createdAt.toISOString(),
      updatedAt: profile.updatedAt.toISOString(),
    };
  },
};

/** Names the part of the feed that a caller sees, in its cursors. */
export function nameOfFeed(kinds: readonly FedKind[] | null, accountNumber: string | null): string {
  return JSON.stringify(['changes', kinds, accountNumber]);
}

/** The cursor of the changes after this number. It names the next number, because 0 is none. */
export function cursorOf(upTo: number): Cursor {
  return { key: null, id: upTo + 1, limit: null };
}

/** The number that the cursor follows. */
export function numberOf({ id }: Cursor): number {
  return id - 1;
}

/** Each kind once, in a fixed order, so that the same kinds have the same cursors; null: all of them. */
export function kindsOf(names: readonly FedKind[] | null | undefined): readonly FedKind[] | null {
  const named = FED_KINDS.filter((kind) => names?.includes(kind) ?? true);
  return named.length < FED_KINDS.length ? named : null;
}
