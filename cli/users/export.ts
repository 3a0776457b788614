import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { USER, userIdOf } from './find.ts';

export const exportUser = defineCommand({
  name: 'users export',
  summary: 'Prints as JSON everything that is held of a person; of a deleted user by the id.',
  args: { user: USER },
  flags: {},
  examples: ['users export johndoe', 'users export 8 --jsonl'],
  page: 'docs/erasure.md',
  async run({ args, output, session }) {
    const opened = await session();
    const param = { userId: String(await userIdOf(opened, args.user)) };
    const held = await bodyOf(opened.client.v1.users[':userId'].export.$get({ param }));
    await output.show(held, [JSON.stringify(held, null, 2)]);
    if (!held.isComplete) await output.say('There is more than fits into one answer: see docs/erasure.md.');
  },
});
