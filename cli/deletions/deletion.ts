import type { PastDeletion } from '../../src/shapes/past-deletion.ts';
import { usageFailure } from '../failure.ts';
import type { Column } from '../output/table.ts';
import { toSecond } from '../output/text.ts';

/** The description of an argument that names a deletion. */
export const DELETION = 'Its id.';

export function deletionParam(id: string): { deletionId: string } {
  if (!/^[1-9]\d*$/.test(id)) throw usageFailure(`"${id}" is not the id of a deletion.`);
  return { deletionId: id };
}

export const deletionColumns: readonly Column<PastDeletion>[] = [
  { title: 'id', of: ({ id }) => id },
  { title: 'at', of: ({ at }) => toSecond(at) },
  { title: 'by', of: ({ actor }) => actor },
  { title: 'kind', of: ({ kind }) => kind.replace('_', ' ') },
  {
    title: 'what',
    of: ({ accountNumber, username }) => [username, accountNumber].filter(Boolean).join(' in '),
  },
  { title: 'restored', of: ({ restoredAt }) => toSecond(restoredAt) },
];
