import { bodyUnless } from '../api/answer.ts';
import type { Session } from '../api/session.ts';
import type { Deletion } from '../../src/shapes/deletion.ts';
import type { Io } from '../io.ts';
import type { Output } from '../output/output.ts';
import { count, harmless } from '../output/text.ts';
import { confirm } from './confirm.ts';

interface Removal {
  readonly io: Io;
  readonly output: Output;
  readonly flags: { readonly dryRun?: boolean | undefined; readonly yes?: boolean | undefined };
  /** The rows that are deleted, in words. */
  readonly title: string;
  /** The text that the user types to confirm, and its name. */
  readonly name: string;
  readonly nameOfName: string;
  /** Counts what would go. */
  foresee(): Promise<Deletion>;
  remove(): Promise<Deletion>;
  /** The command that brings it back; null if it is not known. */
  undo(): Promise<string | null>;
  readonly verb?: 'deletes' | 'revokes';
}

/** Says what a deletion takes, has the user type a name, and deletes. */
export async function deleteRow(removal: Removal): Promise<void> {
  const { output, flags, title, verb = 'deletes' } = removal;
  const foreseen = await removal.foresee();
  const parts = partsOf(foreseen);
  const isUndone = verb === 'deletes';
  await output.say(
    `This ${verb} ${harmless(title)}${parts ? `: ${parts}` : ''}. ` +
      (isUndone
        ? 'It can be restored for 30 days, unless the service is set otherwise.'
        : 'It is permanent.'),
  );
  if (flags.dryRun) return output.show(foreseen, ['Nothing was changed.']);
  if (!flags.yes) await confirm(removal.io, removal);
  const done = await removal.remove();
  const undo = isUndone ? await removal.undo() : null;
  const past = isUndone ? 'Deleted.' : 'Revoked.';
  await output.show({ ...done, undo }, [undo === null ? past : `${past} Undo: ${undo}`]);
}

function partsOf({ accounts, users, userProfiles, keys }: Deletion): string {
  const parts = [
    ...(accounts > 1 ? [count(accounts, 'account')] : []),
    ...(users > 1 ? [count(users, 'user')] : []),
    ...(accounts + users > 0 || userProfiles > 1
      ? [count(userProfiles, accounts > 0 ? 'member' : 'membership')]
      : []),
    ...(accounts > 0 || keys > 1 ? [count(keys, 'key')] : []),
  ];
  return parts.join(', ');
}

interface DeletionFilter {
  readonly kind: 'account' | 'user' | 'user_profile';
  readonly entityId: number;
}

/** The command that restores the newest deletion of the thing; null for keys that may not read deletions. */
export async function undoOf(
  { client }: Session,
  { kind, entityId }: DeletionFilter,
): Promise<string | null> {
  const page = await bodyUnless(403, client.v1.deletions.$get({ query: { kind, limit: '20' } }));
  const found = page?.items.find((deletion) => deletion.entityId === entityId);
  return found ? `edge-accounts deletions restore ${found.id}` : null;
}
