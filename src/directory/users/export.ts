import * as z from 'zod';
import { selectPerson } from '../../db/reads/person.ts';
import { fromUserSnapshot } from '../../db/reads/snapshot.ts';
import { unknownUser } from '../absence.ts';
import { AuditEntry, toEntry } from '../audit.ts';
import { Change, ChangedRow, FedKind, rows, toChange } from '../change-feed.ts';
import type { Deps } from '../deps.ts';
import { toUserProfile, UserProfile } from '../profiles/user-profile.ts';
import { readOrigin } from '../uncached-read.ts';
import { toUser, User } from './users.ts';

/** Greatest number of each: of the largest rows, these are 40 MB, which Neon answers and a Worker holds. */
const MOST = 1_000;

const at = z.iso.datetime();
/** Everything that is held of a person, the newest first. */
export const PersonExport = z
  .object({
    userId: z.int().positive(),
    generatedAt: at,
    isComplete: z.boolean().meta({ description: `False if there are more than ${MOST} of a kind.` }),
    user: User.nullable(),
    userProfiles: z.array(UserProfile),
    auditEntries: z.array(AuditEntry),
    changes: z.array(Change),
    deletedRows: z.array(
      z.object({ deletionId: z.int().positive(), at, actor: z.string(), kind: FedKind, row: ChangedRow }),
    ),
    rememberedAnswers: z.array(z.object({ at, caller: z.string(), user: User, userProfile: ChangedRow })),
  })
  .meta({ id: 'PersonExport' });
export type PersonExport = z.infer<typeof PersonExport>;

/** Everything that Postgres holds of a person, also of one who was deleted; throws `user_does_not_exist` when there is nothing. */
export async function exportUser(deps: Deps, userId: number): Promise<PersonExport> {
  const { user, ...held } = await readOrigin(deps, () => selectPerson(deps.db, userId, MOST + 1));
  const parts = Object.values(held);
  if (!user && parts.every(({ length }) => length === 0)) unknownUser('userId');
  const { profiles, entries, changes, deleted, answers } = held;
  return {
    userId,
    generatedAt: new Date(deps.cache.clock.now()).toISOString(),
    isComplete: parts.every(({ length }) => length <= MOST),
    user: user && toUser(user),
    userProfiles: profiles.slice(0, MOST).map(toUserProfile),
    auditEntries: entries.slice(0, MOST).map(toEntry),
    changes: changes.slice(0, MOST).map(toChange),
    deletedRows: deleted.slice(0, MOST).map(toDeletedRow),
    rememberedAnswers: answers.slice(0, MOST).map(toAnswer),
  };
}

type Held = Awaited<ReturnType<typeof selectPerson>>;

function toDeletedRow({ deletionId, at: instant, actor, kind: named, row }: Held['deleted'][number]) {
  const kind = FedKind.parse(named);
  return { deletionId, at: instant, actor, kind, row: rows[kind](row) };
}

function toAnswer({ at: instant, caller, user, profile }: Held['answers'][number]) {
  const userProfile = profile === null ? null : rows.user_profile(profile);
  return { at: instant, caller, user: toUser(fromUserSnapshot(user)), userProfile };
}
