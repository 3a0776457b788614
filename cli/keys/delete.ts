import { bodyOf } from '../api/answer.ts';
import { defineCommand } from '../command/command.ts';
import { onOff } from '../command/flags.ts';
import { deletionFlags } from '../command/shared-flags.ts';
import type { Deletion } from '../../src/shapes/deletion.ts';
import { deleteRow } from '../rows/delete.ts';
import { KEY, keyParam, readKey, titleOfKey } from './key.ts';

export const deleteKey = defineCommand({
  name: 'keys delete',
  summary: 'Revokes an API key permanently.',
  args: { key: KEY },
  flags: { withDescendants: onOff('Revoke the keys too that it made, and so on.'), ...deletionFlags },
  examples: ['keys delete 1 --with-descendants --dry-run', 'keys delete 1 --yes'],
  page: 'docs/keys.md',
  async run({ args, flags, output, io, session }) {
    const param = keyParam(args.key);
    const opened = await session();
    const { body: key } = await readKey(opened, args.key);
    const withDescendants = flags.withDescendants ? ({ withDescendants: 'true' } as const) : {};
    const { $delete } = opened.client.v1.keys[':keyId'];
    await deleteRow({
      io,
      output,
      flags,
      title: titleOfKey(key),
      name: key.name,
      nameOfName: 'the name of the key',
      verb: 'revokes',
      foresee: async () =>
        toDeletion(await bodyOf($delete({ param, query: { ...withDescendants, dryRun: 'true' } }))),
      remove: async () => toDeletion(await bodyOf($delete({ param, query: withDescendants }))),
      undo: () => Promise.resolve(null),
    });
  },
});

/** A key alone is answered as it is then, and with its descendants as a count. */
function toDeletion(answer: Deletion | object): Deletion {
  if ('dryRun' in answer) return answer;
  return { dryRun: false, accounts: 0, users: 0, userProfiles: 0, keys: 1 };
}
