import { ACCOUNT, accountNumberOf } from '../accounts/find.ts';
import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { fieldLines } from '../output/fields.ts';

export const getAdminUser = defineCommand({
  name: 'admin-user get',
  summary: 'Shows the admin of an account, and creates none.',
  args: { account: ACCOUNT },
  flags: {},
  examples: ['admin-user get 1234-5678-9012', 'admin-user get 3141-5926-5359 --json'],
  page: 'docs/look-ups.md',
  async run({ args, output, session }) {
    const opened = await session();
    const param = { accountNumber: await accountNumberOf(opened, args.account) };
    const user = await bodyOf(opened.client.v1.accounts[':accountNumber']['admin-user'].$get({ param }));
    await output.show(user, fieldLines(user, output.style));
  },
});
