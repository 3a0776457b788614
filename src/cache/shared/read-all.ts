import { formatLogicalTime, type LogicalTime } from '../logical-time.ts';
import { type LogQuestion, NO_NEWS, toCursorArg, toLogNews } from './invalidation-log.ts';
import type { Names } from './names.ts';
import { newestOf, noteTime } from './newest-time.ts';
import { toSharedReads } from './read-reply.ts';
import { scripts } from './scripts/scripts.ts';
import type { ReadMode, RunScript, SharedRead, SharedStoreSettings } from './shared-store.ts';

export interface Read {
  readonly key: string;
  readonly owner: string;
  readonly mode: ReadMode;
  readonly least: LogicalTime | null;
}

/** Runs any number of reads in one call, which also asks for the news of the log and takes along what was counted. */
export function makeReadAll(
  run: RunScript,
  settings: SharedStoreSettings,
  { clock, keysOf, commonArgs }: Names,
  now: () => number,
): (reads: readonly Read[]) => Promise<PromiseSettledResult<SharedRead>[]> {
  return async (reads) => {
    const sentAtMs = now();
    const question = settings.log?.ask(sentAtMs);
    const report = settings.counts?.ask(sentAtMs);
    const keys = reads.flatMap(({ key }) => keysOf(key).slice(1));
    const cursor = question ? toCursorArg(question) : NO_NEWS;
    const state = [newestOf(settings.newest), cursor, '', report?.text ?? ''];
    const args = [...commonArgs(), `${settings.leaseMs}`, ...reads.flatMap(toReadArgs), ...state];
    const replies = toReplies(await run(scripts.read, [clock, ...keys], args), reads.length, question);
    if (report) settings.counts?.learn(report);
    if (question) learn(settings, question, replies.pop(), now());
    return toSharedReads(replies, settings);
  };
}

function toReadArgs({ owner, mode, least }: Read): string[] {
  return [owner, mode, least ? formatLogicalTime(least) : ''];
}

/** The replies to the reads, and after them the news if they were asked for. */
function toReplies(reply: unknown, reads: number, question: LogQuestion | undefined): unknown[] {
  if (!Array.isArray(reply) || reply.length !== reads + (question ? 1 : 0))
    throw new Error('Redis answered another number of reads than it was asked');
  return reply;
}

/** Parses the news of a reply, and tells them to the isolate that has asked. */
export function learn(
  { log, newest }: SharedStoreSettings,
  question: LogQuestion,
  reply: unknown,
  nowMs: number,
): void {
  const news = toLogNews(reply);
  noteTime(newest, news?.through ?? null);
  if (news) log?.learn(question, news, nowMs);
}
