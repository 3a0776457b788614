import type { Output } from '../output/output.ts';
import { fieldLines } from '../output/fields.ts';

interface Creation<T> {
  readonly output: Output;
  readonly isDry: boolean | undefined;
  readonly fields: object;
  create(): Promise<T>;
  /** A sentence about what was created. */
  done(row: T): string;
  /** The text that people see of it; the row itself by default. */
  toShown?(row: T): object;
}

/** Creates a row and shows it; in a dry run it shows what would be sent. */
export async function createRow<T extends object>(creation: Creation<T>): Promise<void> {
  const { output, isDry, fields } = creation;
  if (isDry) {
    await output.say('This would be created:');
    return output.show(fields, fieldLines(fields, output.style));
  }
  const row = await creation.create();
  await output.say(creation.done(row));
  await output.show(row, fieldLines(creation.toShown?.(row) ?? row, output.style));
}
