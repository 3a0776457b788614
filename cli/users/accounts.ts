import { bodyOf } from '../api/answer.ts';
import { pagesOf } from '../api/pages.ts';
import { stateOf } from '../accounts/columns.ts';
import { defineCommand } from '../command/command.ts';
import { pageFlags } from '../command/shared-flags.ts';
import { USER, userIdOf } from './find.ts';

export const listAccountsOfUser = defineCommand({
  name: 'users accounts',
  summary: 'Lists the accounts that a user is a member of.',
  args: { user: USER },
  flags: pageFlags,
  examples: ['users accounts both', 'users accounts 6 --jsonl'],
  page: 'docs/look-ups.md',
  async run({ args, flags, output, session }) {
    const opened = await session();
    const param = { userId: String(await userIdOf(opened, args.user)) };
    const pages = pagesOf(flags, output, (query) =>
      bodyOf(opened.client.v1.users[':userId'].accounts.$get({ param, query })),
    );
    await output.showList(pages, [
      { title: 'profile', of: ({ userProfileId }) => userProfileId },
      { title: 'number', of: ({ account }) => account.accountNumber },
      { title: 'company', of: ({ account }) => account.companyName },
      { title: 'state', of: ({ account }) => stateOf(account) },
    ]);
  },
});
