import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { required, text } from '../command/flags.ts';
import { dryRunFlag } from '../command/shared-flags.ts';
import { createRow } from '../rows/create.ts';
import { given } from '../rows/values.ts';
import { titleOfAccount } from './columns.ts';
import { accountFields, toAccountFields } from './fields.ts';

export const createAccount = defineCommand({
  name: 'accounts create',
  summary: 'Creates an account.',
  args: {},
  flags: {
    companyName: required(text('Name of the company.')),
    accountNumber: text('Its number; drawn at random if it is not given.', 'number'),
    ...accountFields,
    ...dryRunFlag,
  },
  examples: [
    'accounts create --company-name "New Ltd" --city Oaxaca',
    'accounts create --company-name "New Ltd" --metadata plan=pro --dry-run',
  ],
  page: 'docs/managing.md',
  async run({ flags: { dryRun, companyName, accountNumber, ...fields }, output, session }) {
    const json = { companyName, ...given({ accountNumber, ...toAccountFields(fields) }) };
    await createRow({
      output,
      isDry: dryRun,
      fields: json,
      create: async () => bodyOf((await session()).client.v1.accounts.$post({ json })),
      done: (account) => `Created ${titleOfAccount(account)}.`,
    });
  },
});
