import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { many, onOff, text } from '../command/flags.ts';
import { dryRunFlag } from '../command/shared-flags.ts';
import { updateRow } from '../rows/update.ts';
import { given } from '../rows/values.ts';
import { titleOfUser } from './columns.ts';
import { toUserFields, userFields } from './fields.ts';
import { readUserById, USER, userIdOf } from './find.ts';

export const updateUser = defineCommand({
  name: 'users update',
  summary: 'Changes a user in the state in which it was read.',
  args: { user: USER },
  flags: {
    username: text('Unique name.'),
    email: text('E-mail address.', 'address'),
    ...userFields,
    removeMetadata: many(text('Removes this note.', 'name')),
    force: onOff('Insist, where it takes the last admin of an account.'),
    ...dryRunFlag,
  },
  examples: ['users update johndoe --first-name John', 'users update 4 --is-active false --dry-run'],
  page: 'docs/managing.md',
  async run({ args, flags, output, session }) {
    const { dryRun, force, removeMetadata, username, email, ...fields } = flags;
    const opened = await session();
    const userId = await userIdOf(opened, args.user);
    const param = { userId: String(userId) };
    const query = force ? ({ force: 'true' } as const) : {};
    const json = given({ username, email, ...toUserFields(fields, removeMetadata) });
    await updateRow({
      output,
      isDry: dryRun,
      changes: json,
      read: () => readUserById(opened, userId),
      write: (headers) =>
        bodyOf(opened.client.v1.users[':userId'].$patch({ param, query, json }, { headers })),
      titleOf: titleOfUser,
    });
  },
});
