import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { fieldLines } from '../output/fields.ts';
import { harmless } from '../output/text.ts';
import { DELETION, deletionParam } from './deletion.ts';

export const getDeletion = defineCommand({
  name: 'deletions get',
  summary: 'Shows what a deletion holds, and what stands in the way of its return.',
  args: { deletion: DELETION },
  flags: {},
  examples: ['deletions get 1', 'deletions get 1 --json'],
  page: 'docs/undo.md',
  async run({ args, output, session }) {
    const param = deletionParam(args.deletion);
    const { client } = await session();
    const body = await bodyOf(client.v1.deletions[':deletionId'].$get({ param }));
    const { obstacles, ...fields } = body;
    await output.show(body, [
      ...fieldLines(fields, output.style),
      ...obstacles.map(({ kind, entityId, detail }) => harmless(`  ${kind} ${entityId}: ${detail}`)),
    ]);
  },
});
