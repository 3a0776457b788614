import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { many, text } from '../command/flags.ts';
import { dryRunFlag } from '../command/shared-flags.ts';
import { updateRow } from '../rows/update.ts';
import { given } from '../rows/values.ts';
import { titleOfAccount } from './columns.ts';
import { accountFields, toAccountFields } from './fields.ts';
import { ACCOUNT, accountNumberOf, readAccount } from './find.ts';

export const updateAccount = defineCommand({
  name: 'accounts update',
  summary: 'Changes an account in the state in which it was read.',
  args: { account: ACCOUNT },
  flags: {
    companyName: text('Name of the company.'),
    ...accountFields,
    removeMetadata: many(text('Removes this note.', 'name')),
    ...dryRunFlag,
  },
  examples: [
    'accounts update 1234-5678-9012 --city Oaxaca',
    'accounts update 1618-0339-8874 --is-active true --dry-run',
  ],
  page: 'docs/managing.md',
  async run({ args, flags: { dryRun, companyName, removeMetadata, ...fields }, output, session }) {
    const opened = await session();
    const param = { accountNumber: await accountNumberOf(opened, args.account) };
    const json = given({ companyName, ...toAccountFields(fields, removeMetadata) });
    const account = opened.client.v1.accounts[':accountNumber'];
    await updateRow({
      output,
      isDry: dryRun,
      changes: json,
      read: () => readAccount(opened, param.accountNumber),
      write: (headers) => bodyOf(account.$patch({ param, json }, { headers })),
      titleOf: titleOfAccount,
    });
  },
});
