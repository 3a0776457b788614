import * as z from 'zod';
import type { ReadDemands } from '../cache/look-up.ts';
import { type Found, type Search, selectFound } from '../db/reads/search.ts';
import { Account, toAccount } from './accounts/accounts.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';
import { bounded, wellFormed } from './fields.ts';
import { readPastCaches } from './paged-read.ts';
import { toUser, User } from './users/users.ts';

const MAX_LENGTH = 255;
const MAX_TERMS = 10;
export const MAX_FOUND = 50;
export const DEFAULT_FOUND = 20;

const LENGTH_FAULT = `must have 1 to ${MAX_LENGTH} characters, none of them a control character`;

/** The text to search for: terms with blanks between them. */
export const Sought = bounded(MAX_LENGTH, LENGTH_FAULT)
  // oxlint-disable-next-line no-control-regex -- control characters are what it excludes
  .regex(/^[^\u0000-\u001f\u007f-\u009f]+$/u, { error: LENGTH_FAULT, abort: true })
  .refine(...wellFormed)
  .refine((text) => /[\p{L}\p{N}]/u.test(text), 'must have a letter or a digit')
  .refine((text) => termsOf(text).length <= MAX_TERMS, `must have at most ${MAX_TERMS} words`);

/** The results of a search, the best first. */
export const SearchResults = z
  .object({ accounts: z.array(Account), users: z.array(User) })
  .meta({ id: 'SearchResults' });
export type SearchResults = z.infer<typeof SearchResults>;

/**
 * Finds the accounts and the users that have all words of the text, up to `limit` of each. A caller that is bound to an account finds
 * it and its members alone. No cache holds what any new row may enter: Postgres answers. Throws `OriginUnavailable`.
 */
export function searchDirectory(
  deps: Deps,
  { accountNumber }: Caller,
  { q, limit }: { readonly q: string; readonly limit: number },
  read: ReadDemands,
): Promise<SearchResults> {
  const terms = termsOf(q);
  const search: Search = {
    phrase: terms.join(' '),
    terms: terms.map((text) => ({ text, isPart: hasTrigram(text) })),
    limit,
    within: accountNumber,
  };
  return readPastCaches(deps, read, async () => {
    const found = await selectFound(deps.db, search);
    return {
      accounts: bestOf(found.accounts, limit).map(toAccount),
      users: bestOf(found.users, limit).map(toUser),
    };
  });
}

function termsOf(text: string): string[] {
  return text.split(/\s+/u).filter((term) => term !== '');
}

/** Three letters, two before the end of a word, or one at its beginning: where the term stands alone, its trigrams are known. */
const TRIGRAM = /[\p{L}\p{N}]{3}|[\p{L}\p{N}]{2}[^\p{L}\p{N}\p{M}]|[^\p{L}\p{N}\p{M}][\p{L}\p{N}]/u;
const MIN_PART = 3;

function hasTrigram(term: string): boolean {
  // Accents that stand alone are taken away before trigrams are made.
  const text = term.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  return Array.from(text).length >= MIN_PART && TRIGRAM.test(text);
}

/** The best rows, each once. Rows that fit equally well stay in their order. */
function bestOf<Row extends { readonly id: number }>(found: readonly Found<Row>[], limit: number): Row[] {
  const byId = new Map(found.map((one) => [one.row.id, one]));
  return [...byId.values()]
    .toSorted((one, other) => one.rank - other.rank)
    .slice(0, limit)
    .map(({ row }) => row);
}
