import { defineCommand } from '../command/command.ts';
import { fieldLines } from '../output/fields.ts';
import { ACCOUNT, readAccount } from './find.ts';

export const getAccount = defineCommand({
  name: 'accounts get',
  summary: 'Shows an account.',
  args: { account: ACCOUNT },
  flags: {},
  examples: ['accounts get 1234-5678-9012', 'accounts get 3141-5926-5359 --json'],
  page: 'docs/look-ups.md',
  async run({ args, output, session }) {
    const { body } = await readAccount(await session(), args.account);
    await output.show(body, fieldLines(body, output.style));
  },
});
