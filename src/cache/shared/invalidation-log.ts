import * as z from 'zod';
import { formatLogicalTime, type LogicalTime, parseLogicalTime } from '../logical-time.ts';

/** A place in the log of invalidated tags: the invalidation that stands there, named by its time and a random id. */
export interface LogCursor {
  readonly time: LogicalTime;
  readonly id: string;
}

/** The news of the log since a cursor. */
export interface LogNews {
  /** Every invalidation up to this time is among the news. */
  readonly through: LogicalTime;
  /** The latest entry of the log. */
  readonly cursor: LogCursor;
  /** True if the log does not tell what came between the cursor and `through`. */
  readonly isGap: boolean;
  readonly tags: readonly string[];
}

/** A question for the news of the log, and the moment at which it was sent. */
export interface LogQuestion {
  readonly since: LogCursor | null;
  readonly sentAtMs: number;
  /** Position in the isolate's order of reads and invalidations. */
  readonly order: number;
}

/** Follows the log for one isolate. */
export interface LogReader {
  ask(nowMs: number): LogQuestion;
  learn(question: LogQuestion, news: LogNews, nowMs: number): void;
}

/** The argument by which a read asks for no news. */
export const NO_NEWS = '';
/** The argument of an isolate that has no cursor yet. The answer is a gap, with a cursor. */
const NO_CURSOR = 'none';

const CURSOR = /^(\d{1,16}):([0-9a-f]{16})$/;
const CURSOR_ARG = /^([^:]+:\d{1,16}):([0-9a-f]{16})$/;
const Reply = z.tuple([z.string(), z.enum(['news', 'gap']), z.string(), z.array(z.string())]);

export function toCursorArg({ since }: LogQuestion): string {
  return since ? `${formatLogicalTime(since.time)}:${since.id}` : NO_CURSOR;
}

/** Parses such an argument; null for the one of an isolate without a cursor, and for garbage. */
export function parseCursorArg(text: string): LogCursor | null {
  const [, time = '', id] = CURSOR_ARG.exec(text) ?? [];
  const parsed = parseLogicalTime(time);
  return parsed && id !== undefined ? { time: parsed, id } : null;
}

/** The news as `toLogNews` parses them. */
export function formatLogNews({ through, cursor, isGap, tags }: LogNews) {
  return [formatLogicalTime(through), isGap ? 'gap' : 'news', `${cursor.time.n}:${cursor.id}`, tags] as const;
}

/**
 * Parses the part of a reply that tells the news. Answers null if it cannot be read, and if Redis could not tell a time or a
 * cursor, as when it is full.
 */
export function toLogNews(reply: unknown): LogNews | null {
  const [time = '', kind, mark = '', tags = []] = Reply.safeParse(reply).data ?? [];
  const through = parseLogicalTime(time);
  const [, n, id] = CURSOR.exec(mark) ?? [];
  if (!through || n === undefined || id === undefined) return null;
  const cursor = { time: { epoch: through.epoch, n: Number(n) }, id };
  return { through, cursor, isGap: kind === 'gap', tags };
}
