import { ACCOUNT, accountNumberOf } from '../accounts/find.ts';
import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { required, text } from '../command/flags.ts';
import { dryRunFlag } from '../command/shared-flags.ts';
import { createRow } from '../rows/create.ts';
import { given } from '../rows/values.ts';
import { USER, userIdOf } from '../users/find.ts';
import { titleOfProfile, toShownProfile } from './columns.ts';
import { profileFields } from './fields.ts';

export const createProfile = defineCommand({
  name: 'profiles create',
  summary: 'Makes a user a member of an account.',
  args: {},
  flags: {
    user: required(text(`The user. ${USER}`, 'user')),
    account: required(text(`The account. ${ACCOUNT}`, 'account')),
    ...profileFields,
    ...dryRunFlag,
  },
  examples: [
    'profiles create --user nomad --account 2718-2818-2845',
    'profiles create --user 3 --account 2718-2818-2845 --is-test true --dry-run',
  ],
  page: 'docs/managing.md',
  async run({ flags: { user, account, dryRun, ...fields }, output, session }) {
    const opened = await session();
    const userId = await userIdOf(opened, user);
    const json = { userId, accountNumber: await accountNumberOf(opened, account), ...given(fields) };
    await createRow({
      output,
      isDry: dryRun,
      fields: json,
      create: () => bodyOf(opened.client.v1['user-profiles'].$post({ json })),
      done: (profile) => `Created ${titleOfProfile(profile)}.`,
      toShown: toShownProfile,
    });
  },
});
