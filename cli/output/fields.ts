import type { Style } from './style.ts';
import { toText } from './text.ts';
import { pad } from './width.ts';

/** The fields of one thing that have a value, a line each. */
export function fieldLines(thing: object, style: Style): string[] {
  const fields = Object.entries(thing)
    .map(([name, value]) => [name, toText(value)] as const)
    .filter(([, shown]) => shown !== '');
  const width = fields.reduce((most, [name]) => Math.max(most, name.length), 0);
  return fields.map(([name, shown]) => `${style.dim(pad(name, width))}   ${shown}`);
}

/** False for the fields that change with every write, and so say nothing about it. */
export function isTelling(field: string): boolean {
  return field !== 'revision' && field !== 'updatedAt';
}

/** The fields of a row before and after a change, a line each. */
export function changeLines(before: object, after: object): string[] {
  const old = new Map(Object.entries(before));
  return Object.entries(after)
    .filter(([name]) => isTelling(name))
    .filter(([name, value]) => JSON.stringify(old.get(name)) !== JSON.stringify(value))
    .map(([name, value]) => `  ${name} ${quoted(old.get(name))} → ${quoted(value)}`);
}

/** A value of which an empty text is seen. */
export function quoted(value: unknown): string {
  return toText(value) || 'none';
}
