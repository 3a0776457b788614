import { ACCOUNT, accountNumberOf } from '../accounts/find.ts';
import { bodyOf } from '../api/answer.ts';
import { pagesOf } from '../api/pages.ts';
import { defineCommand } from '../command/command.ts';
import { FILTERS, required, text } from '../command/flags.ts';
import { pageFlags } from '../command/shared-flags.ts';
import { profileColumns } from './columns.ts';

export const listProfiles = defineCommand({
  name: 'profiles list',
  summary: 'Lists the user profiles of an account, by id.',
  args: {},
  flags: { account: required(text(`The account. ${ACCOUNT}`, 'account', FILTERS)), ...pageFlags },
  examples: ['profiles list --account 1234-5678-9012', 'profiles list --account 3141-5926-5359 --jsonl'],
  page: 'docs/lists.md',
  async run({ flags: { account, ...flags }, output, session }) {
    const opened = await session();
    const param = { accountNumber: await accountNumberOf(opened, account) };
    const { $get } = opened.client.v1.accounts[':accountNumber']['user-profiles'];
    await output.showList(
      pagesOf(flags, output, (query) => bodyOf($get({ param, query }))),
      profileColumns,
    );
  },
});
