import * as z from 'zod';
import { eraseUserRow, selectErasure } from '../../db/writes/erasure.ts';
import { MAX_DELETED_PROFILES } from '../../db/writes/users.ts';
import { unknownUser } from '../absence.ts';
import type { Writer } from '../caller.ts';
import type { Deps } from '../deps.ts';
import { invalidate } from '../../cache/invalidate.ts';
import { forget } from '../../cache/forget.ts';
import { isLogical, type Token } from '../../cache/logical-time.ts';
import { authorOf, type Written, write } from '../write.ts';
import { conditionsOf, requireWritable, tooManyAccountsError } from './changes.ts';

const count = z.int().nonnegative();

/** The rows of a person that an erasure removed, or with `dryRun` would remove. */
export const Erasure = z
  .object({
    dryRun: z.boolean(),
    userId: z.int().positive(),
    erasedAt: z.iso.datetime().nullable().meta({ description: 'Null in a dry run of the first erasure.' }),
    isRepeat: z.boolean().meta({ description: 'Nothing was left since an earlier erasure.' }),
    isForgotten: z.boolean().meta({
      description: 'Redis has confirmed that it holds the person no more. If false, repeat the request.',
    }),
    isComplete: z.boolean().meta({
      description: 'If false, there was more than one request removes: repeat it.',
    }),
    users: count,
    userProfiles: count,
    auditEntries: count,
    changes: count,
    deletionRows: count,
    rememberedAnswers: count,
  })
  .meta({ id: 'Erasure' });
export type Erasure = z.infer<typeof Erasure>;

/**
 * Removes a person from everything that the stores hold, also one who was deleted before; with `dryRun` only counts what there is.
 * A repeat does no harm. Throws `user_does_not_exist` if no user ever had the id, and as `deleteUser` does.
 */
export async function eraseUser(
  deps: Deps,
  writer: Writer,
  userId: number,
  dryRun: boolean,
): Promise<Written<Erasure>> {
  const conditions = conditionsOf(deps, writer, null, true);
  const run = () =>
    dryRun
      ? selectErasure(deps.db, userId, conditions)
      : eraseUserRow(deps.db, authorOf(writer), userId, conditions);
  const { token, traces, ...outcome } = await write(deps, run);
  if (outcome.current && !outcome.isDone) {
    requireWritable(outcome);
    if (outcome.userProfiles > MAX_DELETED_PROFILES) throw tooManyAccountsError(outcome.userProfiles);
  }
  const { erasedAt, now, isKnown, isComplete, knownTags, ...counts } = traces ?? unknownUser('userId');
  const isEmpty = Object.values(counts).every((found) => found === 0);
  if (isEmpty && !isKnown) unknownUser('userId');
  const isRepeat = isEmpty && erasedAt !== null;
  const at = isRepeat || dryRun ? erasedAt : now;
  const value = { dryRun, userId, erasedAt: at, isRepeat, isForgotten: false, isComplete, ...counts };
  if (dryRun) return { value, token };
  const { isForgotten, ...forgotten } = await forgetTags(deps, knownTags, token);
  return { value: { ...value, isForgotten }, ...forgotten };
}

// Every answer with the person has the tag of its id. Only answers that nobody has a name depend on the name alone.
async function forgetTags({ cache }: Deps, known: readonly string[], done: Token | null) {
  const names = known.filter((tag) => /^(?:username|user-external-id):/.test(tag));
  // A person who was deleted before has no rows whose end would invalidate, and the first erasure may not have reached Redis.
  const token =
    done ??
    (await invalidate(
      cache,
      known.filter((tag) => !names.includes(tag)),
    ));
  return { token, isForgotten: isLogical(token) && (await forget(cache, known, names)) };
}
