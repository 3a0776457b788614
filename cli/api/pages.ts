import type { Output } from '../output/output.ts';

/** The greatest page that the service gives. */
const MAX_PAGE = 500;
const DEFAULT_LIMIT = 100;

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export interface PageRequest {
  readonly limit: string;
  readonly cursor?: string;
}

interface PageFlags {
  readonly limit?: number | undefined;
  readonly all?: boolean | undefined;
}

/** The pages of a list, one after another, up to the limit that the user gave. Says on stderr if there is more. */
export async function* pagesOf<T>(
  { limit, all }: PageFlags,
  output: Pick<Output, 'say'>,
  ask: (request: PageRequest) => Promise<Page<T>>,
): AsyncGenerator<readonly T[]> {
  let wanted = limit ?? (all ? Infinity : DEFAULT_LIMIT);
  let cursor: string | null = null;
  do {
    const size = String(Math.min(wanted, MAX_PAGE));
    const page: Page<T> = await ask({ limit: size, ...(cursor !== null && { cursor }) });
    yield page.items;
    wanted -= page.items.length;
    cursor = page.nextCursor;
  } while (cursor !== null && wanted > 0);
  if (cursor !== null) await output.say('There are more: use --limit or --all.');
}
