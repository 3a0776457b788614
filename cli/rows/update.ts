import type { Answer } from '../api/answer.ts';
import { usageFailure } from '../failure.ts';
import { changeLines } from '../output/fields.ts';
import type { Output } from '../output/output.ts';

interface Update<T> {
  readonly output: Output;
  readonly isDry: boolean | undefined;
  readonly changes: object;
  read(): Promise<Answer<T>>;
  /** Changes the state that was read, and no other. */
  write(headers: { readonly 'If-Match': string }): Promise<T>;
  titleOf(row: T): string;
}

/** Changes a row, and shows by field what the change did; in a dry run, what it would do. */
export async function updateRow<T extends object>(update: Update<T>): Promise<void> {
  const { output, isDry, changes, titleOf } = update;
  if (Object.keys(changes).length === 0) {
    throw usageFailure('There is nothing to change.', 'Give an option of the group "Fields".');
  }
  const { body: before, etag } = await update.read();
  const after = isDry ? foreseen(before, changes) : await update.write({ 'If-Match': etag });
  const lines = changeLines(before, after);
  if (lines.length === 0) await output.say('Nothing changes: it is like that already.');
  else if (isDry) await output.say('This would change:');
  await output.show(after, [output.style.bold(titleOf(after)), ...lines]);
}

/** The row as the merge patch would leave it (RFC 7396), as far as the service sets no default. */
function foreseen<T extends object>(row: T, changes: object): T {
  const known = new Map<string, unknown>(Object.entries(row));
  for (const [name, value] of Object.entries(changes)) {
    const isMerged = name === 'metadata' && typeof value === 'object' && value !== null;
    known.set(name, isMerged ? merged(known.get(name) as object, value as object) : value);
  }
  return Object.fromEntries(known) as T;
}

function merged(present: object, changes: object): object {
  const all = Object.entries({ ...present, ...changes });
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}
