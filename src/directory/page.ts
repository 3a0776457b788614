/** A slice of a list that is ordered by id. */
export interface Page {
  /** Ids up to and with this one are left out. */
  readonly afterId: number;
  /** Greatest number of items, 1 to `MAX_PAGE_SIZE`. */
  readonly limit: number;
}

export interface Paged<T> {
  readonly items: readonly T[];
  /** Where the next page begins; null on the last one. */
  readonly nextAfterId: number | null;
}

export const MAX_PAGE_SIZE = 500;
export const DEFAULT_PAGE_SIZE = 100;

/** The page as asked of Postgres: one row more, which tells whether there is another page. */
export function withOneMore(page: Page | undefined): Page | undefined {
  return page && { ...page, limit: page.limit + 1 };
}

/** Cuts that one more row off again. */
export function cutPage<T extends { readonly id: number }>(
  rows: readonly T[],
  page: Page | undefined,
): Paged<T> {
  if (!page || rows.length <= page.limit) return { items: rows, nextAfterId: null };
  const items = rows.slice(0, page.limit);
  return { items, nextAfterId: items.at(-1)?.id ?? null };
}

/** Names the page in a cache key. */
export function pageKey(page: Page | undefined): string {
  return page ? `${page.afterId}+${page.limit}` : 'all';
}
