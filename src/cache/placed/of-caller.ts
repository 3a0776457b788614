import type { CountsReporter } from '../counts/counts.ts';
import { formatLogNews, type LogNews, type LogReader, parseCursorArg } from '../shared/invalidation-log.ts';

/** Follows the log for the isolate whose cursor a call has brought. */
export interface CallerLog {
  readonly log: LogReader;
  /** The first news that the store told, as they are sent; null if it told none. */
  take(): ReturnType<typeof formatLogNews> | null;
}

/**
 * Every read of the call asks for the news since the same cursor, and the first are as good as the last: each begins there. What was
 * invalidated after them is in the next news of the isolate.
 */
export function makeCallerLog(cursor: string): CallerLog {
  const since = parseCursorArg(cursor);
  let first: LogNews | undefined;
  return {
    log: {
      ask: (nowMs) => ({ since, sentAtMs: nowMs, order: 0 }),
      learn(_question, news) {
        first ??= news;
      },
    },
    take: () => (first ? formatLogNews(first) : null),
  };
}

/** Takes along what the isolate that calls has counted. */
export interface CallerCounts {
  readonly counts: CountsReporter;
  isTaken(): boolean;
}

/** The first read of the call takes them along, and no other does, so that they count once. */
export function makeCallerCounts(text: string): CallerCounts {
  let [isAsked, isTaken] = [text === '', false];
  return {
    counts: {
      ask() {
        if (isAsked) return null;
        isAsked = true;
        return { text };
      },
      learn() {
        isTaken = true;
      },
    },
    isTaken: () => isTaken,
  };
}
