import { accountColumns } from '../accounts/columns.ts';
import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { PAGES, whole } from '../command/flags.ts';
import { makeTable } from '../output/table.ts';
import { userColumns } from '../users/columns.ts';

export const search = defineCommand({
  name: 'search',
  summary: 'Finds accounts and users by what is in their names, the best first.',
  args: { words: 'A part of a name, number, e-mail address or external id.' },
  flags: { limit: whole('Find at most so many of each; 20 if it is not given, 50 at most.', PAGES) },
  examples: ['search stack', 'search doe --limit 5 --json'],
  page: 'docs/lists.md',
  async run({ args, flags: { limit }, output, io, session }) {
    const { client } = await session();
    const query = { q: args.words, ...(limit !== undefined && { limit: String(limit) }) };
    const found = await bodyOf(client.v1.search.$get({ query }));
    const { accounts, users } = found;
    if (output.format === 'jsonl') return output.showList(each([...accounts, ...users]), []);
    const { columns } = io.stdout;
    await output.show(found, [
      ...(accounts.length > 0 ? makeTable(accountColumns, columns, output.style).lines(accounts) : []),
      ...(accounts.length > 0 && users.length > 0 ? [''] : []),
      ...(users.length > 0 ? makeTable(userColumns, columns, output.style).lines(users) : []),
    ]);
    if (accounts.length + users.length === 0) await output.say('None.');
  },
});

async function* each<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield items;
}
