import type { LogCursor, LogNews } from '../../../src/cache/shared/invalidation-log.ts';
import { type LogicalTime, US_PER_MS } from '../../../src/cache/logical-time.ts';
import { makeSortedSet } from './sorted-set.ts';

/** A model of the log of invalidated tags. Times are those of the epoch in which the log began. */
export interface LogModel {
  /** Drops the log. */
  begin(): void;
  append(n: number, tags: readonly string[]): void;
  /** The news since the cursor, at that time of the clock. */
  newsSince(cursor: LogCursor | null, through: LogicalTime): LogNews;
}

export interface LogBounds {
  readonly maxNews: number;
  readonly maxMembers: number;
  readonly lifeMs: number;
}

/** `MAX_NEWS`, `MAX_LOG` and `LOG_LIFE_MS` of the scripts. A test finds them there. */
export const LOG_BOUNDS: LogBounds = { maxNews: 500, maxMembers: 10_000, lifeMs: 300_000 };

const ID_DIGITS = 16;

/** A tag stands at the time of its last invalidation. A mark stands for an invalidation, and begins with a line break. */
export function makeLogModel({ maxNews, maxMembers, lifeMs }: LogBounds): LogModel {
  let members = makeSortedSet();
  let newest: { readonly n: number; readonly id: string } | undefined;
  let ids = 0;

  const append = (n: number, tags: readonly string[]): void => {
    newest = { n, id: (++ids).toString(16).padStart(ID_DIGITS, '0') };
    members.add(markOf(newest), n);
    // Members of one time are in the order of their bytes.
    for (const tag of [...new Set(tags)].toSorted()) members.add(tag, n);
    const oldest = n - lifeMs * US_PER_MS;
    const excess = members.size() - maxMembers;
    members.removeBelow(excess > 0 ? Math.max(oldest, members.scoreAt(excess)) : oldest);
  };

  const tagsSince = (cursor: LogCursor | null, epoch: string): string[] | null => {
    if (cursor?.time.epoch !== epoch) return null;
    const { id, time } = cursor;
    const names = members.has(markOf({ n: time.n, id })) ? members.above(time.n, 2 * maxNews) : null;
    const tags = names?.filter((name) => !name.startsWith('\n')) ?? null;
    return tags && tags.length <= maxNews ? tags : null;
  };

  return {
    begin() {
      members = makeSortedSet();
      newest = undefined;
    },
    append,
    newsSince(cursor, through) {
      if (!newest) append(through.n, []);
      const { n = 0, id = '' } = newest ?? {};
      const tags = tagsSince(cursor, through.epoch);
      const next = { time: { epoch: through.epoch, n }, id };
      return { through, cursor: next, isGap: tags === null, tags: tags ?? [] };
    },
  };
}

function markOf({ n, id }: { readonly n: number; readonly id: string }): string {
  return `\n${n}:${id}`;
}
