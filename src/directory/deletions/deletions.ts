import * as z from 'zod';
import type { ReadDemands } from '../../cache/look-up.ts';
import {
  type DeletionPage,
  type DeletionReach,
  MAX_RESTORED_ROWS,
  type Obstacle as DeletionObstacle,
  selectDeletion,
  selectDeletions,
  type ShownDeletion,
} from '../../db/reads/deletions.ts';
import { unknownDeletion } from '../absence.ts';
import { ACCOUNT_NUMBER } from '../accounts/account-number.ts';
import type { Caller } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { type Listed, readPage } from '../paged-read.ts';
import { readOrigin } from '../uncached-read.ts';

const KINDS = ['account', 'user', 'user_profile'] as const;
export const DeletedKind = z.enum(KINDS, `must be one of ${KINDS.join(', ')}`);

const time = z.iso.datetime();
const count = z.int().nonnegative();

/** A deletion that may be restored. */
export const PastDeletion = z
  .object({
    id: z.int().positive(),
    at: time,
    actor: z.string().meta({ description: 'As in the audit log; `sql:` and the role if SQL named nobody.' }),
    requestId: z.string(),
    kind: DeletedKind.meta({ description: 'Kind of the row whose deletion was asked for.' }),
    entityId: z.int().positive().meta({ description: 'Id of that row.' }),
    accountNumber: z.string().regex(ACCOUNT_NUMBER).nullable(),
    username: z.string().nullable(),
    restoredAt: time.nullable(),
    restoredBy: z.string().nullable(),
  })
  .meta({ id: 'PastDeletion' });
export type PastDeletion = z.infer<typeof PastDeletion>;

/** One thing that stands in the way of a restore. */
const Obstacle = z.object({
  kind: z.enum([...KINDS, 'api_key']),
  entityId: z.int().positive(),
  code: z.string(),
  detail: z.string(),
});

/** A deletion with what it holds. */
export const PastDeletionContent = PastDeletion.and(
  z.object({
    accounts: count,
    users: count,
    userProfiles: count,
    keys: count,
    accountNumbers: z.array(z.string()).meta({ description: 'Of the accounts, the first 100.' }),
    usernames: z.array(z.string()).meta({ description: 'Of the users, the first 100.' }),
    obstacles: z.array(Obstacle).meta({ description: 'What stands in the way, the first 100.' }),
  }),
);
export type PastDeletionContent = z.infer<typeof PastDeletionContent>;

/** The filters of the list; null: none. */
export type DeletionFilters = Omit<DeletionPage, 'after' | 'limit'>;

/** The filters that a caller gave. */
export function filtersOf(given: {
  readonly kind?: z.output<typeof DeletedKind> | undefined;
  readonly accountNumber?: string | undefined;
  readonly username?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}): DeletionFilters {
  return {
    entity: given.kind ?? null,
    accountNumber: given.accountNumber ?? null,
    username: given.username ?? null,
    since: given.since ?? null,
    until: given.until ?? null,
  };
}

/** Names the list and its filters in its cursors, to the caller who may see it. */
export function nameOfDeletions(filters: DeletionFilters, within: string | null): string {
  const { entity, accountNumber, username, since, until } = filters;
  return JSON.stringify(['deletions', within, entity, accountNumber, username, since, until]);
}

/** What the caller may see. */
export function reachOf({ platform }: Deps, { accountNumber }: Caller): DeletionReach {
  return { onlyIn: accountNumber, keptDays: platform.deletionsKeptDays };
}

/** Lists the deletions that the caller may see, newest first, a page at a time. */
export function listDeletions(
  deps: Deps,
  caller: Caller,
  page: DeletionPage,
  read: ReadDemands,
): Promise<Listed<PastDeletion>> {
  return readPage(deps, read, page, {
    select: (slice) => selectDeletions(deps.db, slice, reachOf(deps, caller)),
    toItem: toPastDeletion,
    positionOf: ({ instant, id }) => ({ key: instant, id }),
  });
}

/** A deletion, what it holds and what stands in the way of its return; throws `deletion_does_not_exist`. */
export async function getDeletion(deps: Deps, caller: Caller, id: number): Promise<PastDeletionContent> {
  const row = await readOrigin(deps, () => selectDeletion(deps.db, id, reachOf(deps, caller)));
  const { obstacles, accountNumbers, usernames, ...found } = row ?? unknownDeletion();
  return {
    ...toPastDeletion(found),
    accounts: found.accounts,
    users: found.users,
    userProfiles: found.userProfiles,
    keys: found.keys,
    accountNumbers,
    usernames,
    obstacles: found.restoredInstant === null ? obstaclesOf(found, obstacles) : [],
  };
}

type Counts = Pick<PastDeletionContent, 'accounts' | 'users' | 'userProfiles' | 'keys'>;

/** Says that a deletion has more rows than the service restores; null if it has not. */
export function tooManyRows({ accounts, users, userProfiles, keys }: Counts): string | null {
  const rows = accounts + users + userProfiles + keys;
  if (rows <= MAX_RESTORED_ROWS) return null;
  return `the deletion has ${rows} rows, and ${MAX_RESTORED_ROWS} come back within the deadline; an operator restores it in Postgres, with restore_deletion`;
}

function obstaclesOf(
  found: Counts & Pick<ShownDeletion, 'entity' | 'entityId'>,
  obstacles: readonly DeletionObstacle[],
): PastDeletionContent['obstacles'] {
  const detail = tooManyRows(found);
  if (detail === null) return obstacles.map(toObstacle);
  return [toObstacle({ entity: found.entity, entityId: found.entityId, code: 'too_many_rows', detail })];
}

const { kind: ObstacleKind } = Obstacle.shape;

function toObstacle({ entity, ...rest }: DeletionObstacle) {
  return { kind: ObstacleKind.parse(entity), ...rest };
}

function toPastDeletion(row: ShownDeletion): PastDeletion {
  const { id, instant, actor, requestId, entity, entityId, accountNumber, username } = row;
  return {
    id,
    at: instant,
    actor,
    requestId,
    kind: DeletedKind.parse(entity),
    entityId,
    accountNumber,
    username,
    restoredAt: row.restoredInstant,
    restoredBy: row.restoredBy,
  };
}
