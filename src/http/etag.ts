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
  const bytes = new Uint8Array(digest).slice(0, DIGEST_BYTES);
  return `"${REPRESENTATION}-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}"`;
}

/** Whether `If-None-Match` names the tag, compared weakly as RFC 9110 section 13.1.2 asks. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}

function revisionOf({ id, revision, since }: Revised): string {
  return `${id}.${revision}.${Date.parse(since).toString(RADIX)}`;
}
