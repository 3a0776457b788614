import { defineCommand } from '../command/command.ts';
import { fieldLines } from '../output/fields.ts';
import { toShownProfile } from './columns.ts';
import { PROFILE, readProfile } from './read.ts';

export const getProfile = defineCommand({
  name: 'profiles get',
  summary: 'Shows a user profile.',
  args: { profile: PROFILE },
  flags: {},
  examples: ['profiles get 3', 'profiles get 3 --json'],
  page: 'docs/look-ups.md',
  async run({ args, output, session }) {
    const { body } = await readProfile(await session(), args.profile);
    await output.show(body, fieldLines(toShownProfile(body), output.style));
  },
});
