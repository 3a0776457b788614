import { bodyOf } from '../api/answer.ts';
import { pagesOf } from '../api/pages.ts';
import { defineCommand } from '../command/command.ts';
import { pageFlags } from '../command/shared-flags.ts';
import { profileColumns } from './columns.ts';
import { PROFILE, profileParam } from './read.ts';

export const listOwners = defineCommand({
  name: 'profiles owners',
  summary: 'Lists the profiles that may own what the profile uses.',
  args: { profile: PROFILE },
  flags: pageFlags,
  examples: ['profiles owners 3', 'profiles owners 1 --json'],
  page: 'docs/look-ups.md',
  async run({ args, flags, output, session }) {
    const param = profileParam(args.profile);
    const { client } = await session();
    const { $get } = client.v1['user-profiles'][':userProfileId']['valid-resource-owners'];
    await output.showList(
      pagesOf(flags, output, (query) => bodyOf($get({ param, query }))),
      profileColumns,
    );
  },
});
