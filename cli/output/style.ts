import type { Io, Sink } from '../io.ts';

/** Marks text for people. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
}

const sgr = (open: number, close: number) => (text: string) => `\u001B[${open}m${text}\u001B[${close}m`;
const plain = (text: string) => text;

/** Marks nothing where a file or a program reads it, or where the user wants no colour (https://no-color.org). */
export function styleFor({ env }: Io, sink: Sink): Style {
  const isPlain = !sink.isTerminal || Boolean(env['NO_COLOR']) || env['TERM'] === 'dumb';
  return isPlain ? { bold: plain, dim: plain } : { bold: sgr(1, 22), dim: sgr(2, 22) };
}
