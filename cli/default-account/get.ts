import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { fieldLines } from '../output/fields.ts';

export const getDefaultAccount = defineCommand({
  name: 'default-account get',
  summary: 'Shows the default account.',
  args: {},
  flags: {},
  examples: ['default-account get', 'default-account get --json'],
  page: 'docs/look-ups.md',
  async run({ output, session }) {
    const account = await bodyOf((await session()).client.v1.accounts.default.$get());
    await output.show(account, fieldLines(account, output.style));
  },
});
