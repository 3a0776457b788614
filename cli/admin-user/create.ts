import { ACCOUNT, accountNumberOf } from '../accounts/find.ts';
import { bodyOf, bodyUnless } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { dryRunFlag } from '../command/shared-flags.ts';
import { fieldLines } from '../output/fields.ts';
import { titleOfUser } from '../users/columns.ts';

export const createAdminUser = defineCommand({
  name: 'admin-user create',
  summary: 'Creates the admin of an account, unless it has one.',
  args: { account: ACCOUNT },
  flags: dryRunFlag,
  examples: ['admin-user create 2718-2818-2845 --dry-run', 'admin-user create 2718-2818-2845'],
  page: 'docs/look-ups.md',
  async run({ args, flags: { dryRun }, output, session }) {
    const opened = await session();
    const param = { accountNumber: await accountNumberOf(opened, args.account) };
    const admin = opened.client.v1.accounts[':accountNumber']['admin-user'];
    if (dryRun) {
      const present = await bodyUnless(404, admin.$get({ param }));
      const sentence = present
        ? `Nothing would change: ${titleOfUser(present)} is the admin.`
        : `This would create the user ${param.accountNumber}-admin, or the next free name.`;
      return output.show(present, [sentence]);
    }
    const response = await admin.$put({ param });
    const user = await bodyOf(Promise.resolve(response));
    const isNew = response.status === 201;
    await output.say(isNew ? `Created ${titleOfUser(user)}.` : `${titleOfUser(user)} is the admin already.`);
    await output.show(user, fieldLines(user, output.style));
  },
});
