import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { dryRunFlag } from '../command/shared-flags.ts';
import type { Restoration } from '../../src/shapes/past-deletion.ts';
import { count } from '../output/text.ts';
import { DELETION, deletionParam } from './deletion.ts';

export const restoreDeletion = defineCommand({
  name: 'deletions restore',
  summary: 'Brings back all of a deletion.',
  args: { deletion: DELETION },
  flags: dryRunFlag,
  examples: ['deletions restore 1 --dry-run', 'deletions restore 1'],
  page: 'docs/undo.md',
  async run({ args, flags: { dryRun }, output, session }) {
    const param = deletionParam(args.deletion);
    const query = dryRun ? ({ dryRun: 'true' } as const) : {};
    const { client } = await session();
    const restored = await bodyOf(client.v1.deletions[':deletionId'].restore.$post({ param, query }));
    await output.show(restored, [sentenceOf(restored)]);
  },
});

function sentenceOf(restoration: Restoration): string {
  const { dryRun, isRepeat, accounts, users, userProfiles, keys } = restoration;
  if (isRepeat) return 'It was restored before. Nothing was changed.';
  const parts = [
    ...(accounts > 0 ? [count(accounts, 'account')] : []),
    ...(users > 0 ? [count(users, 'user')] : []),
    ...(userProfiles > 0 ? [count(userProfiles, 'membership')] : []),
    ...(keys > 0 ? [`${count(keys, 'key')}, revoked`] : []),
  ];
  return `${dryRun ? 'This would come back' : 'Restored'}: ${parts.join(', ')}.`;
}
