import type { IdPage } from '../db/reads/lists.ts';

/** The place where the next page of a list begins: after the item with this id, and in lists that are ordered by a key with this key. */
export interface Cursor {
  readonly key: string | null;
  readonly id: number;
  /** The limit of every page before, if the caches may hold each of them; else null. */
  readonly limit: number | null;
}

/** A page of a list that is ordered by ids. Its limit is from 1 to `MAX_PAGE_SIZE`. */
export interface Page extends IdPage {
  /** True if the caches may hold the page. */
  readonly isCached: boolean;
}

export interface Paged<T> {
  readonly items: readonly T[];
  /** The start of the next page; null on the last one. */
  readonly nextAfterId: number | null;
}

export const MAX_PAGE_SIZE = 500;
export const DEFAULT_PAGE_SIZE = 100;

/** The caches hold pages of these limits alone: each limit of 500 would be another copy of the whole list. */
export const CACHED_PAGE_SIZES: readonly number[] = [20, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE];

/** The page after the cursor. The caches may hold it if all pages before it have its limit; else a page could begin at any row. */
export function toPage(limit: number, cursor: Cursor | undefined): Page {
  const isInLine = cursor === undefined || cursor.limit === limit;
  return { limit, afterId: cursor?.id ?? 0, isCached: CACHED_PAGE_SIZES.includes(limit) && isInLine };
}

/** The cursor of the page after this one; null on the last one. */
export function cursorAfter({ limit, isCached }: Page, { nextAfterId }: Paged<unknown>): Cursor | null {
  return nextAfterId === null ? null : { key: null, id: nextAfterId, limit: isCached ? limit : null };
}

/** Greatest number of items of a list that is answered whole; more do not fit into an isolate. */
export const MAX_WHOLE_LIST = 10_000;

/** The page to select, with one row more, which tells whether there is another page. Undefined: the whole list. */
export function withOneMore(page: Page | undefined): IdPage {
  return { afterId: page?.afterId ?? 0, limit: (page?.limit ?? MAX_WHOLE_LIST) + 1 };
}

/** Cuts off the row that `withOneMore` added. A whole list that is too long gets no items. */
export function cutPage<T extends { readonly id: number }>(
  rows: readonly T[],
  page: Page | undefined,
): Paged<T> {
  if (rows.length <= (page?.limit ?? MAX_WHOLE_LIST)) return { items: rows, nextAfterId: null };
  const items = rows.slice(0, page?.limit ?? 0);
  return { items, nextAfterId: items.at(-1)?.id ?? 0 };
}

/** Names the page in a cache key. */
export function pageKey(page: Page | undefined): string {
  return page ? `${page.afterId}+${page.limit}` : 'all';
}
