import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { onOff } from '../command/flags.ts';
import { deletionFlags } from '../command/shared-flags.ts';
import type { Erasure } from '../../src/shapes/erasure.ts';
import { count } from '../output/text.ts';
import { confirm } from '../rows/confirm.ts';
import { USER, userIdOf } from './find.ts';

export const eraseUser = defineCommand({
  name: 'users erase',
  summary: 'Removes a person from every store, permanently; a deleted user by the id.',
  args: { user: USER },
  flags: { force: onOff('Insist, where it takes the last admin of an account.'), ...deletionFlags },
  examples: ['users erase nomad --dry-run', 'users erase 8 --yes'],
  page: 'docs/erasure.md',
  async run({ args, flags: { force, dryRun, yes }, output, io, session }) {
    const opened = await session();
    const param = { userId: String(await userIdOf(opened, args.user)) };
    const query = force ? ({ force: 'true' } as const) : {};
    const { $post } = opened.client.v1.users[':userId'].erase;
    const foreseen = await bodyOf($post({ param, query: { ...query, dryRun: 'true' } }));
    await output.say(`This erases user ${param.userId}: ${partsOf(foreseen)}. It is permanent.`);
    if (dryRun) return output.show(foreseen, ['Nothing was changed.']);
    if (!yes) await confirm(io, { name: param.userId, nameOfName: 'the id of the user' });
    const erased = await bodyOf($post({ param, query }));
    await output.show(erased, [sentenceOf(erased)]);
  },
});

function partsOf({ users, userProfiles, auditEntries, changes, deletionRows }: Erasure): string {
  return [
    count(users, 'user'),
    count(userProfiles, 'membership'),
    count(auditEntries, 'entry of the audit log', 'entries of the audit log'),
    count(changes, 'change of the feed', 'changes of the feed'),
    count(deletionRows, 'deleted row'),
  ].join(', ');
}

function sentenceOf({ isRepeat, isForgotten }: Erasure): string {
  const done = isRepeat ? 'Nothing was left since an earlier erasure.' : 'Erased.';
  return isForgotten ? done : `${done} Redis has not confirmed it: run the command again.`;
}
