import { bodyOf } from '../api/answer.ts';
import { pagesOf } from '../api/pages.ts';
import { defineCommand } from '../command/command.ts';
import { FILTERS, text, truth } from '../command/flags.ts';
import { pageFlags } from '../command/shared-flags.ts';
import { accountColumns } from './columns.ts';

export const listAccounts = defineCommand({
  name: 'accounts list',
  summary: 'Lists the accounts, by id.',
  args: {},
  flags: {
    company: text('Those whose company name begins like this.', 'prefix', FILTERS),
    isActive: truth('Those that are active, or those that are not.', FILTERS),
    ...pageFlags,
  },
  examples: ['accounts list --is-active true', 'accounts list --company S --jsonl'],
  page: 'docs/lists.md',
  async run({ flags: { company, isActive, ...flags }, output, session }) {
    const { client } = await session();
    const filters = {
      companyNamePrefix: company,
      isActive: isActive === undefined ? undefined : (`${isActive}` as const),
    };
    const pages = pagesOf(flags, output, (page) =>
      bodyOf(client.v1.accounts.$get({ query: { ...filters, ...page } })),
    );
    await output.showList(pages, accountColumns);
  },
});
