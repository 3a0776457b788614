import { formatLogicalTime } from '../../../src/cache/logical-time.ts';
import { type LogNews, type LogQuestion, toCursorArg } from '../../../src/cache/shared/invalidation-log.ts';
import { namesOf } from '../../../src/cache/shared/names.ts';
import { type Fill, lifeMsOf, type SharedRead } from '../../../src/cache/shared/shared-store.ts';

/** The bytes of the bodies of one call over HTTP, without headers. */
export interface CallBytes {
  readonly sent: number;
  readonly received: number;
  /** The part of both that the log takes. */
  readonly ofLog: number;
}

/** Names of the usual length. */
export const NAMES = { databaseId: '0123456789abcdef', variant: '1:1001:platform-admin', leaseMs: 2_000 };
const { clock, prefix, keysOf } = namesOf(NAMES);
const DIGEST = 'd'.repeat(40);
/** As an epoch, an owner or an id is. */
const RANDOM = '0'.repeat(16);
const COMMON_ARGS = [RANDOM, `${prefix}tag:`, '7260000'];
const SOME_TIME = `${RANDOM}:1800000000000000`;
const MAX_AS_OF_AGE = '30000';
const NO_LOG = '""'.length;
/** Each read asks whether a drain is due, and next to none is. */
export const DRAIN_EVERY_MS = 2_500;
const NO_DRAIN = '';
const NO_COUNTS = '';

function sentBytes(keys: readonly string[], args: readonly string[]): number {
  return JSON.stringify([['evalsha', DIGEST, keys.length, ...keys, ...args]]).length;
}

function receivedBytes(reply: unknown): number {
  return JSON.stringify([{ result: reply }]).length;
}

/** The read of one key, with the news of the log if they were asked for; without a key the news alone. */
export function bytesOfRead(
  read: { readonly key: string; readonly answer: SharedRead } | undefined,
  question: LogQuestion | undefined,
  news: LogNews | null,
): CallBytes {
  const cursor = question ? toCursorArg(question) : '';
  const keys = read ? keysOf(read.key) : [clock];
  const ofRead = read ? [RANDOM, 'any', ''] : [];
  const told = question ? [toNewsReply(news)] : [];
  const state = [SOME_TIME, cursor, `${DRAIN_EVERY_MS}`, NO_COUNTS];
  const sent = sentBytes(keys, [...COMMON_ARGS, `${NAMES.leaseMs}`, ...ofRead, ...state]);
  const received = receivedBytes([...(read ? [toReadReply(read.answer)] : []), ...told, NO_DRAIN]);
  if (!read) return { sent, received, ofLog: sent + received };
  const ofNews = question ? JSON.stringify(cursor).length - NO_LOG + JSON.stringify(told).length - 1 : 0;
  return { sent, received, ofLog: ofNews };
}

function toReadReply(answer: SharedRead): readonly string[] {
  const entry = answer.status === 'hit' ? answer.entry : answer.stale;
  const at = answer.status === 'hit' ? answer.validAt : answer.asOf;
  const time = at ? formatLogicalTime(at) : '';
  if (!entry) return [answer.status, time, '', '', '', '0', '', ''];
  const { asOf, payload, tags, freshMsLeft } = entry;
  return [answer.status, time, formatLogicalTime(asOf), payload, tags.join('\n'), `${freshMsLeft}`, '', ''];
}

function toNewsReply(news: LogNews | null): readonly unknown[] {
  if (!news) return ['', 'gap', '', []];
  const { cursor, isGap, tags, through } = news;
  return [formatLogicalTime(through), isGap ? 'gap' : 'news', `${cursor.time.n}:${cursor.id}`, tags];
}

/** A fill, or without an answer the lease given back. */
export function bytesOfFill(key: string, fill: Fill | null): CallBytes {
  const args = fill
    ? [
        SOME_TIME,
        fill.payload,
        fill.tags.join('\n'),
        `${fill.freshMs}`,
        `${lifeMsOf(fill)}`,
        MAX_AS_OF_AGE,
        '',
      ]
    : ['', '', '', '0', '0', '0', ''];
  return {
    sent: sentBytes(keysOf(key), [...COMMON_ARGS, RANDOM, ...args]),
    received: receivedBytes(fill ? 'stored' : 'released'),
    ofLog: 0,
  };
}

export function bytesOfInvalidation(tags: readonly string[]): CallBytes {
  const sent = sentBytes([clock], [...COMMON_ARGS, SOME_TIME, ...tags]);
  return { sent, received: receivedBytes(SOME_TIME), ofLog: 0 };
}
