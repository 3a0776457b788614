import { decodeBase64Url, encodeBase64 } from 'hono/utils/encode';
import * as z from 'zod';
import type { Seal } from './cache/shared/seal.ts';
import type { Cursor } from './directory/page.ts';
import { isolateOf } from './isolate.ts';
import { timingSafeEqual } from './lib/timing-safe-equal.ts';

/** A cursor as a caller sent it. Anybody can write one until `isCursorOf` says that the service made it. */
export interface SentCursor extends Cursor {
  readonly text: string;
}

export const NO_CURSOR = 'is no cursor of this list';

/** Room for the longest key, 300 characters of any kind. */
const MAX_CURSOR = 4_096;
/** Nobody guesses 132 bits. */
const MAC_LENGTH = 22;

const Content = z.tuple([z.string().nullable(), z.int().positive(), z.int().positive().nullable()]);

/**
 * The cursor of the list with this name, which says its filters too. Opaque to callers, who cannot make one: each would be
 * an entry of its own in the caches.
 */
export async function sealCursor(env: object, list: string, cursor: Cursor): Promise<string> {
  const [text = ''] = await sealWithEach(isolateOf(env).cursorSeals.slice(0, 1), list, cursor);
  return text;
}

/** True if the service made the cursor, for the list with this name. */
export async function isCursorOf(env: object, list: string, sent: SentCursor): Promise<boolean> {
  const texts = await sealWithEach(isolateOf(env).cursorSeals, list, sent);
  return texts.some((text) => timingSafeEqual(sent.text, text));
}

function sealWithEach(
  seals: readonly Seal[],
  list: string,
  { key, id, limit }: Cursor,
): Promise<readonly string[]> {
  const content = inUrls(encodeBase64(encoder.encode(JSON.stringify([key, id, limit])).buffer));
  const sealWith = async (seal: Seal) => {
    const mac = await seal.sign(`${list}\n${content}`);
    return content + inUrls(mac.slice(0, MAC_LENGTH));
  };
  return Promise.all(seals.map(sealWith));
}

/** Reads the position from the text; null if `sealCursor` cannot have made it. */
export function decodeCursor(text: string): SentCursor | null {
  if (text.length > MAX_CURSOR) return null;
  const { success, data } = Content.safeParse(parseContent(text.slice(0, -MAC_LENGTH)));
  if (!success) return null;
  const [key, id, limit] = data;
  return { key, id, limit, text };
}

const encoder = new TextEncoder();

function inUrls(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function parseContent(text: string): unknown {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return JSON.parse(decoder.decode(decodeBase64Url(text)));
  } catch {
    return undefined;
  }
}
