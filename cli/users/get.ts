import { defineCommand } from '../command/command.ts';
import { fieldLines } from '../output/fields.ts';
import { readUser, USER } from './find.ts';

export const getUser = defineCommand({
  name: 'users get',
  summary: 'Shows a user.',
  args: { user: USER },
  flags: {},
  examples: ['users get johndoe', 'users get 3 --json'],
  page: 'docs/look-ups.md',
  async run({ args, output, session }) {
    const { body } = await readUser(await session(), args.user);
    await output.show(body, fieldLines(body, output.style));
  },
});
