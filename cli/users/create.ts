import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { required, text } from '../command/flags.ts';
import { dryRunFlag } from '../command/shared-flags.ts';
import { createRow } from '../rows/create.ts';
import { given } from '../rows/values.ts';
import { titleOfUser } from './columns.ts';
import { toUserFields, userFields } from './fields.ts';

export const createUser = defineCommand({
  name: 'users create',
  summary: 'Creates a user, and makes it a member of an account.',
  args: {},
  flags: {
    username: required(text('Unique name.')),
    email: required(text('E-mail address.', 'address')),
    account: text('Number of the account that the user becomes a member of.', 'number'),
    ...userFields,
    ...dryRunFlag,
  },
  examples: [
    'users create --username ann --email ann@example.com --account 1234-5678-9012',
    'users create --username bob --email bob@example.com --is-staff true --dry-run',
  ],
  page: 'docs/managing.md',
  async run({ flags: { dryRun, username, email, account, ...fields }, output, session }) {
    const json = { username, email, ...given({ accountNumber: account, ...toUserFields(fields) }) };
    await createRow({
      output,
      isDry: dryRun,
      fields: json,
      create: async () => bodyOf((await session()).client.v1.users.$post({ json })),
      done: (user) => `Created ${titleOfUser(user)}.`,
    });
  },
});
