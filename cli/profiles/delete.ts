import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { onOff } from '../command/flags.ts';
import { deletionFlags } from '../command/shared-flags.ts';
import { deleteRow, undoOf } from '../rows/delete.ts';
import { titleOfProfile } from './columns.ts';
import { PROFILE, profileParam, readProfile } from './read.ts';

export const deleteProfile = defineCommand({
  name: 'profiles delete',
  summary: 'Ends the membership of a user in an account.',
  args: { profile: PROFILE },
  flags: { force: onOff('Insist, where it takes the last admin of an account.'), ...deletionFlags },
  examples: ['profiles delete 5 --dry-run', 'profiles delete 5 --yes'],
  page: 'docs/undo.md',
  async run({ args, flags, output, io, session }) {
    const opened = await session();
    const { body: profile, etag } = await readProfile(opened, args.profile);
    const param = profileParam(args.profile);
    const force = flags.force ? ({ force: 'true' } as const) : {};
    const { $delete } = opened.client.v1['user-profiles'][':userProfileId'];
    await deleteRow({
      io,
      output,
      flags,
      title: titleOfProfile(profile),
      name: profile.user.username,
      nameOfName: 'the username',
      foresee: () => bodyOf($delete({ param, query: { ...force, dryRun: 'true' } })),
      remove: () => bodyOf($delete({ param, query: force }, { headers: { 'If-Match': etag } })),
      undo: () => undoOf(opened, { kind: 'user_profile', entityId: profile.id }),
    });
  },
});
