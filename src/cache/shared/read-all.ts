import { formatLogicalTime, type LogicalTime } from '../logical-time.ts';
import { type LogQuestion, NO_NEWS, toCursorArg, toLogNews } from './invalidation-log.ts';
import type { Names } from './names.ts';
import { newestOf, noteTime } from './newest-time.ts';
import { toSharedReads } from './read-reply.ts';
import { scripts } from './scripts/scripts.ts';
import type { DrainWatch, ReadMode, RunScript, SharedRead, SharedStoreSettings } from './shared-store.ts';

/** The argument by which a read asks for no drain, and the reply if none is due. */
const NO_DRAIN = '';

export interface Read {
  readonly key: string;
  readonly owner: string;
  readonly mode: ReadMode;
  readonly least: LogicalTime | null;
}

/** Runs any number of reads in one call, which also asks for the news of the log and for a drain, and takes along what was counted. */
export function makeReadAll(
  run: RunScript,
  settings: SharedStoreSettings,
  { clock, keysOf, commonArgs }: Names,
  now: () => number,
): (reads: readonly Read[]) => Promise<PromiseSettledResult<SharedRead>[]> {
  return async (reads) => {
    const { counts, drains, log } = settings;
    const sentAtMs = now();
    const question = log?.ask(sentAtMs);
    const report = counts?.ask(sentAtMs);
    const keys = reads.flatMap(({ key }) => keysOf(key).slice(1));
    const news = question ? toCursorArg(question) : NO_NEWS;
    const state = [newestOf(settings.newest), news, toDrainArg(drains), report?.text ?? ''];
    const args = [...commonArgs(), `${settings.leaseMs}`, ...reads.flatMap(toReadArgs), ...state];
    const wanted = reads.length + (question ? 1 : 0) + (drains ? 1 : 0);
    const replies = toReplies(await run(scripts.read, [clock, ...keys], args), wanted);
    if (report) counts?.learn(report);
    if (drains) learnDue(drains, replies.pop());
    if (question) learn(settings, question, replies.pop(), now());
    return toSharedReads(replies, settings);
  };
}

function toDrainArg(drains: DrainWatch | null | undefined): string {
  return drains ? `${drains.everyMs}` : NO_DRAIN;
}

function learnDue(drains: DrainWatch, lease: unknown): void {
  if (typeof lease === 'string' && lease !== NO_DRAIN) drains.onDue(lease);
}

function toReadArgs({ owner, mode, least }: Read): string[] {
  return [owner, mode, least ? formatLogicalTime(least) : ''];
}

/** The replies to the reads, and after them what else was asked for. */
function toReplies(reply: unknown, wanted: number): unknown[] {
  if (!Array.isArray(reply) || reply.length !== wanted)
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
