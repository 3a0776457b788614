import { bodyOf } from '../api/answer.ts';
import { pagesOf } from '../api/pages.ts';
import { defineCommand } from '../command/command.ts';
import { FILTERS, oneOf, text } from '../command/flags.ts';
import { pageFlags } from '../command/shared-flags.ts';
import { deletionColumns } from './deletion.ts';

export const listDeletions = defineCommand({
  name: 'deletions list',
  summary: 'Lists the deletions that can be restored, newest first.',
  args: {},
  flags: {
    kind: oneOf('What was deleted.', ['account', 'user', 'user_profile'], FILTERS),
    account: text('Of this account.', 'number', FILTERS),
    username: text('Of this user.', 'username', FILTERS),
    since: text('Not before this time, by ISO 8601.', 'time', FILTERS),
    until: text('Before this time, by ISO 8601.', 'time', FILTERS),
    ...pageFlags,
  },
  examples: ['deletions list', 'deletions list --kind account --json'],
  page: 'docs/undo.md',
  async run({ flags: { kind, account, username, since, until, ...flags }, output, session }) {
    const { client } = await session();
    const filters = { kind, accountNumber: account, username, since, until };
    const pages = pagesOf(flags, output, (page) =>
      bodyOf(client.v1.deletions.$get({ query: { ...filters, ...page } })),
    );
    await output.showList(pages, deletionColumns);
  },
});
