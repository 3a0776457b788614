import { toHex } from '../../lib/hash.ts';
/** The parts of a row that its entity tag shows. */
export interface Revised {
  readonly id: number;
  readonly revision: number;
  /** The time of creation. A row that is deleted and created again under its id starts at revision 1 again. */
  readonly since: string;
}

/** Raise it when unchanged rows are represented differently. */
const REPRESENTATION = 'b';
/** The shortest form of letters and digits. */
const RADIX = 36;
/** Half a SHA-256 is enough to tell lists apart. */
const DIGEST_BYTES = 16;

/** The entity tag of one row and the rows shown inside it, e.g. `"a-3.1.mjv1q000"`. */
export function etagOf(...rows: readonly Revised[]): string {
  return `"${[REPRESENTATION, ...rows.map(revisionOf)].join('-')}"`;
}

/** The entity tag of a list: a digest of the revisions of its rows and of `rest`, the other contents of the page. */
export async function etagOfList(rows: readonly (readonly Revised[])[], rest: string): Promise<string> {
  const text = [...rows.map((row) => row.map(revisionOf).join('-')), rest].join();
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `"${REPRESENTATION}-${toHex(new Uint8Array(digest).slice(0, DIGEST_BYTES))}"`;
}

/** True when `If-None-Match` names the tag. The comparison is weak, as RFC 9110, section 13.1.2 asks. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}

/** A row that an entity tag shows. */
export interface TaggedRow {
  readonly id: number;
  readonly revision: number;
  readonly sinceMs: number;
}

const ENTITY_TAG = /(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/;
const ENTITY_TAGS = new RegExp(String.raw`^\s*${ENTITY_TAG.source}(?:\s*,\s*${ENTITY_TAG.source})*\s*$`);
/** A caller that changes what it has read needs only a few. */
export const MAX_ENTITY_TAGS = 64;

/**
 * Parses the rows that each entity tag of `If-Match` shows, and leaves out tags of lists and foreign tags; null when the header
 * is malformed. Weak tags count, because proxies that compress weaken tags, and ours name rows and not their encoding.
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
