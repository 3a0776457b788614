import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { onOff } from '../command/flags.ts';
import { deletionFlags } from '../command/shared-flags.ts';
import { deleteRow, undoOf } from '../rows/delete.ts';
import { titleOfUser } from './columns.ts';
import { readUser, USER } from './find.ts';

export const deleteUser = defineCommand({
  name: 'users delete',
  summary: 'Deletes a user and its memberships.',
  args: { user: USER },
  flags: { force: onOff('Insist, where it takes the last admin of an account.'), ...deletionFlags },
  examples: ['users delete nomad --dry-run', 'users delete ann --yes'],
  page: 'docs/undo.md',
  async run({ args, flags, output, io, session }) {
    const opened = await session();
    const { body: user, etag } = await readUser(opened, args.user);
    const param = { userId: String(user.id) };
    const force = flags.force ? ({ force: 'true' } as const) : {};
    const { $delete } = opened.client.v1.users[':userId'];
    await deleteRow({
      io,
      output,
      flags,
      title: titleOfUser(user),
      name: user.username,
      nameOfName: 'the username',
      foresee: () => bodyOf($delete({ param, query: { ...force, dryRun: 'true' } })),
      remove: () => bodyOf($delete({ param, query: force }, { headers: { 'If-Match': etag } })),
      undo: () => undoOf(opened, { kind: 'user', entityId: user.id }),
    });
  },
});
