import { titleOfAccount } from '../accounts/columns.ts';
import { ACCOUNT, readAccount } from '../accounts/find.ts';
import { bodyOf, bodyUnless } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { dryRunFlag } from '../command/shared-flags.ts';

export const setDefaultAccount = defineCommand({
  name: 'default-account set',
  summary: 'Makes another account the default one.',
  args: { account: ACCOUNT },
  flags: dryRunFlag,
  examples: ['default-account set 1234-5678-9012 --dry-run', 'default-account set 3141-5926-5359'],
  page: 'docs/managing.md',
  async run({ args, flags: { dryRun }, output, session }) {
    const opened = await session();
    const { body: account } = await readAccount(opened, args.account);
    const { accountNumber } = account;
    const service = opened.client.v1.accounts.default;
    const before = await bodyUnless(404, service.$get());
    const after = dryRun ? account : await bodyOf(service.$put({ json: { accountNumber } }));
    const from = before ? `   until now ${titleOfAccount(before)}` : '';
    const verb = dryRun ? 'This would become the default account' : 'The default account';
    await output.show(after, [`${verb}: ${titleOfAccount(after)}${from}`]);
  },
});
