import { defineCommand } from '../command/command.ts';
import { oneOf } from '../command/flags.ts';

export const open = defineCommand({
  name: 'open',
  summary: 'Opens the console of the service in the browser.',
  args: {},
  flags: { page: oneOf('Open this page in place of the console.', ['console', 'docs'], 'Page:') },
  examples: ['open', 'open --page docs'],
  page: 'docs/cli.md',
  async run({ flags: { page = 'console' }, output, io, session }) {
    const url = `${(await session()).url}/${page}`;
    const isOpen = io.stdout.isTerminal && (await io.openPage(url));
    await output.show({ url, isOpen }, [url]);
    if (!isOpen) await output.say('No browser was opened: open the address above.');
  },
});
