import { accountNumberOf } from '../accounts/find.ts';
import { bodyOf } from '../api/answer.ts';
import { pagesOf } from '../api/pages.ts';
import { defineCommand } from '../command/command.ts';
import { FILTERS, text, truth } from '../command/flags.ts';
import { pageFlags } from '../command/shared-flags.ts';
import { usageFailure } from '../failure.ts';
import { userColumns } from './columns.ts';

export const listUsers = defineCommand({
  name: 'users list',
  summary: 'Lists users, by id.',
  args: {},
  flags: {
    account: text('The members of this account; excludes the other filters.', 'account', FILTERS),
    username: text('Those whose username begins like this.', 'prefix', FILTERS),
    email: text('Those with this e-mail address.', 'address', FILTERS),
    isActive: truth('Those who are active, or those who are not.', FILTERS),
    ...pageFlags,
  },
  examples: ['users list --account 1234-5678-9012', 'users list --username j --json'],
  page: 'docs/lists.md',
  async run({ flags: { account, username, email, isActive, ...flags }, output, session }) {
    const filters = {
      usernamePrefix: username,
      email,
      isActive: isActive === undefined ? undefined : (`${isActive}` as const),
    };
    if (account !== undefined && Object.values(filters).some((value) => value !== undefined)) {
      throw usageFailure('--account excludes the other filters.');
    }
    const opened = await session();
    const { users, accounts } = opened.client.v1;
    const accountNumber = account === undefined ? null : await accountNumberOf(opened, account);
    const pages = pagesOf(flags, output, (page) =>
      accountNumber === null
        ? bodyOf(users.$get({ query: { ...filters, ...page } }))
        : bodyOf(accounts[':accountNumber'].users.$get({ param: { accountNumber }, query: page })),
    );
    await output.showList(pages, userColumns);
  },
});
