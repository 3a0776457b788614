import { toHex } from '../../lib/hash.ts';
/** A row as far as its entity tag goes. */
export interface Revised {
  readonly id: number;
  readonly revision: number;
  /** When the row came to be: one deleted and made again under its id begins its revisions anew. */
  readonly since: string;
}

/** Raised when the representation of unchanged rows changes. */
const REPRESENTATION = 'a';
/** Short, and still made of letters and digits. */
const RADIX = 36;
/** Half a SHA-256 tells lists apart for good. */
const DIGEST_BYTES = 16;

/** The entity tag of one row and the rows shown inside it, e.g. `"a-3.1.mjv1q000"`. */
export function etagOf(...rows: readonly Revised[]): string {
  return `"${[REPRESENTATION, ...rows.map(revisionOf)].join('-')}"`;
}

/** The entity tag of a list: a digest of its rows' revisions and of what else the page shows. */
export async function etagOfList(rows: readonly (readonly Revised[])[], rest: string): Promise<string> {
  const text = [...rows.map((row) => row.map(revisionOf).join('-')), rest].join();
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `"${REPRESENTATION}-${toHex(new Uint8Array(digest).slice(0, DIGEST_BYTES))}"`;
}

/** Whether `If-None-Match` names the tag, compared weakly as RFC 9110 section 13.1.2 asks. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}

/** A row as its entity tag tells it. */
export interface TaggedRow {
  readonly id: number;
  readonly revision: number;
  readonly sinceMs: number;
}

const ENTITY_TAG = /(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/;
const ENTITY_TAGS = new RegExp(String.raw`^\s*${ENTITY_TAG.source}(?:\s*,\s*${ENTITY_TAG.source})*\s*$`);
/** Who sends more asks for something else than a change of what they have seen. */
export const MAX_ENTITY_TAGS = 64;

/**
 * The rows that each entity tag of `If-Match` shows, tags of lists and of others' making left out; null when it is
 * malformed. Weak tags count: proxies that compress weaken them, and ours tell rows, however these are encoded.
 */
export function parseEtags(ifMatch: string): TaggedRow[][] | null {
  if (!ENTITY_TAGS.test(ifMatch)) return null;
  const tags = [...ifMatch.matchAll(new RegExp(ENTITY_TAG, 'g'))];
  if (tags.length > MAX_ENTITY_TAGS) return null;
  return tags.map(([, tag = '']) => parseEtag(tag)).filter((rows) => rows.length > 0);
}

function parseEtag(tag: string): TaggedRow[] {
  const [representation, ...rows] = tag.split(/-(?=\d+\.)/);
  const parsed = rows.map(parseRevision);
  const isOurs = representation === REPRESENTATION && parsed.every((row) => row !== null);
  return isOurs ? parsed : [];
}

function parseRevision(text: string): TaggedRow | null {
  const [, id, revision, since] = /^(\d{1,16})\.(\d{1,16})\.(-?[0-9a-z]{1,11})$/.exec(text) ?? [];
  if (id === undefined || revision === undefined || since === undefined) return null;
  return { id: Number(id), revision: Number(revision), sinceMs: Number.parseInt(since, RADIX) };
}

function revisionOf({ id, revision, since }: Revised): string {
  return `${id}.${revision}.${Date.parse(since).toString(RADIX)}`;
}
