import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { dryRunFlag } from '../command/shared-flags.ts';
import { updateRow } from '../rows/update.ts';
import { given } from '../rows/values.ts';
import { titleOfProfile } from './columns.ts';
import { profileFields } from './fields.ts';
import { PROFILE, profileParam, readProfile } from './read.ts';

export const updateProfile = defineCommand({
  name: 'profiles update',
  summary: 'Changes a user profile in the state in which it was read.',
  args: { profile: PROFILE },
  flags: { ...profileFields, ...dryRunFlag },
  examples: ['profiles update 3 --name "John Doe"', 'profiles update 3 --is-test true --dry-run'],
  page: 'docs/managing.md',
  async run({ args, flags: { dryRun, ...fields }, output, session }) {
    const opened = await session();
    const param = profileParam(args.profile);
    const json = given(fields);
    const { $patch } = opened.client.v1['user-profiles'][':userProfileId'];
    await updateRow({
      output,
      isDry: dryRun,
      changes: json,
      read: () => readProfile(opened, args.profile),
      write: (headers) => bodyOf($patch({ param, json }, { headers })),
      titleOf: titleOfProfile,
    });
  },
});
