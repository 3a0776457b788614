import * as z from 'zod';

/** Where the next page of a list begins: after the item with this id, and this key where the list has others than ids. */
export interface Cursor {
  /** Names the list and its filters. */
  readonly list: string;
  readonly key: string | null;
  readonly id: number;
}

/** Room for the longest key, 300 characters of any kind, and the name of any list. */
const MAX_CURSOR = 4_096;

const Content = z.tuple([
  z.string(),
  z
    .string()
    // Postgres takes neither.
    .refine((text) => text.isWellFormed() && !text.includes('\0'))
    .nullable(),
  z.int().positive(),
]);

/** Cursors are opaque to callers: what they hold may change. */
export function encodeCursor({ list, key, id }: Cursor): string {
  const bytes = new TextEncoder().encode(JSON.stringify([list, key, id]));
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Null when it is nothing that `encodeCursor` makes. */
export function decodeCursor(text: string): Cursor | null {
  if (text.length > MAX_CURSOR) return null;
  const { success, data } = Content.safeParse(parseContent(text));
  if (!success) return null;
  const [list, key, id] = data;
  const cursor = { list, key, id };
  return encodeCursor(cursor) === text ? cursor : null;
}

function parseContent(text: string): unknown {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (byte) =>
      byte.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
