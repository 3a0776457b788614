import type { Change } from '../../src/shapes/change.ts';
import { changeLines } from '../output/fields.ts';
import { harmless, toSecond } from '../output/text.ts';

/** A change on one line, for people. */
export function lineOf({ at, actor, operation, kind, id, before, after }: Change): string {
  const what = [kind.replace('_', ' '), id].filter((word) => word !== null).join(' ');
  const fields = before && after ? changeLines(before, after).map((line) => line.trim()) : [];
  const name = nameOf(after ?? before);
  return harmless(
    `${toSecond(at)}   ${actor}   ${operation} ${what}${name}${fields.length > 0 ? `: ${fields.join(', ')}` : ''}`,
  );
}

function nameOf(row: Change['after']): string {
  if (row === null) return '';
  if ('username' in row) return ` ${row.username}`;
  return 'accountNumber' in row ? ` ${row.accountNumber} ${row.companyName}` : '';
}
