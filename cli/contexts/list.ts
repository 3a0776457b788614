import { defineCommand } from '../command/command.ts';
import { readContexts } from './config-file.ts';

export const listContexts = defineCommand({
  name: 'context list',
  summary: 'Lists the contexts, without their keys.',
  args: {},
  flags: {},
  examples: ['context list', 'context list --json'],
  page: 'docs/cli.md',
  isLocal: true,
  async run({ output, io }) {
    const { current, contexts } = await readContexts(io);
    const rows = Object.entries(contexts).map(([name, { url }]) => ({
      name,
      url,
      isCurrent: name === current,
    }));
    await output.showList(only(rows), [
      { title: ' ', of: ({ isCurrent }) => (isCurrent ? '*' : '') },
      { title: 'name', of: ({ name }) => name },
      { title: 'url', of: ({ url }) => url },
    ]);
  },
});

async function* only<T>(rows: readonly T[]): AsyncGenerator<readonly T[]> {
  yield rows;
}
