import type { LogNews, LogQuestion } from '../../src/cache/shared/invalidation-log.ts';
import type { CallBytes } from './redis/wire.ts';

/** `poll`: a read script without a read, for the news of the log. */
export type Command = 'read' | 'poll' | 'fill' | 'release' | 'invalidate';

/** The news of the log that isolates were told. */
export interface News {
  readonly calls: number;
  /** Calls that were answered with a gap, other than the first of an isolate. */
  readonly gaps: number;
  readonly tags: number;
}

/** Counts the calls of Redis. */
export interface Calls {
  readonly commands: Readonly<Record<Command, number>>;
  /** The bytes of all commands. */
  readonly bytes: CallBytes;
  readonly news: News;
}

export interface CallRecorder {
  command(command: Command, bytes: () => CallBytes): void;
  news(question: LogQuestion, news: LogNews | null): void;
  result(): Calls;
}

export function makeCallRecorder(isCounting: () => boolean): CallRecorder {
  const commands = { read: 0, poll: 0, fill: 0, release: 0, invalidate: 0 };
  const bytes = { sent: 0, received: 0, ofLog: 0 };
  const heard = { calls: 0, gaps: 0, tags: 0 };
  return {
    command(command, bytesOf) {
      if (!isCounting()) return;
      commands[command] += 1;
      const { sent, received, ofLog } = bytesOf();
      bytes.sent += sent;
      bytes.received += received;
      bytes.ofLog += ofLog;
    },
    news({ since }, news) {
      if (!isCounting()) return;
      heard.calls += 1;
      heard.gaps += Number(since !== null && news?.isGap);
      heard.tags += news?.tags.length ?? 0;
    },
    result: () => ({ commands, bytes, news: heard }),
  };
}
