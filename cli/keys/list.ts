import { bodyOf } from '../api/answer.ts';
import { pagesOf } from '../api/pages.ts';
import { defineCommand } from '../command/command.ts';
import { FILTERS, text } from '../command/flags.ts';
import { pageFlags } from '../command/shared-flags.ts';
import { keyColumns } from './key.ts';

export const listKeys = defineCommand({
  name: 'keys list',
  summary: 'Lists the API keys, by id, revoked ones too.',
  args: {},
  flags: { createdBy: text('Those that this caller made, such as key:12.', 'caller', FILTERS), ...pageFlags },
  examples: ['keys list', 'keys list --created-by root --json'],
  page: 'docs/keys.md',
  async run({ flags: { createdBy, ...flags }, output, session }) {
    const { client } = await session();
    const pages = pagesOf(flags, output, (page) =>
      bodyOf(client.v1.keys.$get({ query: { createdBy, ...page } })),
    );
    await output.showList(pages, keyColumns);
  },
});
