import type { Clock } from '../../src/cache/clock.ts';
import type { LogNews, LogQuestion, LogReader } from '../../src/cache/shared/invalidation-log.ts';
import type { SharedStore } from '../../src/cache/shared/shared-store.ts';
import type { Line } from './connections.ts';
import type { CallRecorder, Command } from './calls.ts';
import type { SharedModel } from './redis/shared-model.ts';
import { bytesOfFill, bytesOfInvalidation, bytesOfRead } from './redis/wire.ts';

type Heard = Pick<CallRecorder, 'command' | 'news'>;

/** The shared store as one isolate sees it, which follows the log if it has a reader for it. */
export function makeDistantStore(
  model: SharedModel,
  heard: Heard,
  { now }: Pick<Clock, 'now'>,
  ask: Line,
  log: LogReader | null,
): SharedStore {
  const followed = log && makeFollower(heard, now, ask, log);
  return {
    ...makeWriter(model, heard, ask),
    read(key, owner, mode, least) {
      if (followed)
        return followed.ask(({ since }, note) => {
          const { answer, news } = model.readWithNews(key, owner, mode, least, since);
          note('read', news, { key, answer });
          return { answer, news };
        });
      return ask(() => {
        const answer = model.read(key, owner, mode, least);
        heard.command('read', () => bytesOfRead({ key, answer }, undefined, null));
        return answer;
      });
    },
    async follow() {
      await followed?.ask(({ since }, note) => {
        const news = model.follow(since);
        note('poll', news);
        return { answer: undefined, news };
      });
    },
    forget: () => Promise.reject(new Error('nobody is erased in the model')),
    noteDrain: () => Promise.reject(new Error('the cron of the model notes no drain')),
    describe: (key, tags) => ask(() => model.describe(key, tags)),
    readCounts: () => Promise.reject(new Error('the model of the store keeps no counts')),
  };
}

function makeWriter(
  model: SharedModel,
  { command }: Heard,
  ask: Line,
): Pick<SharedStore, 'fill' | 'release' | 'invalidate'> {
  return {
    fill: (key, owner, fill) =>
      ask(() => {
        command('fill', () => bytesOfFill(key, fill));
        return model.fill(key, owner, fill);
      }),
    release: (key, owner) =>
      ask(() => {
        command('release', () => bytesOfFill(key, null));
        return model.release(key, owner);
      }),
    invalidate: (tags) =>
      ask(() => {
        command('invalidate', () => bytesOfInvalidation(tags));
        return model.invalidate(tags);
      }),
  };
}

type Note = (command: Command, news: LogNews | null, read?: Parameters<typeof bytesOfRead>[0]) => void;
interface Told<T> {
  readonly answer: T;
  readonly news: LogNews | null;
}

/** Asks with a question for the news, and tells them to the reader. */
function makeFollower(heard: Heard, now: () => number, ask: Line, log: LogReader) {
  return {
    async ask<T>(run: (question: LogQuestion, note: Note) => Told<T>): Promise<T> {
      const question = log.ask(now());
      const note: Note = (command, news, read) => {
        heard.command(command, () => bytesOfRead(read, question, news));
        heard.news(question, news);
      };
      const { answer, news } = await ask(() => run(question, note));
      if (news) log.learn(question, news, now());
      return answer;
    },
  };
}
