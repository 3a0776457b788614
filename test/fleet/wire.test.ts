import { expect, test } from 'vitest';
import type { LogNews, LogQuestion } from '../../src/cache/shared/invalidation-log.ts';
import { type Fill, makeSharedStore, type SharedRead } from '../../src/cache/shared/shared-store.ts';
import {
  bytesOfFill,
  bytesOfInvalidation,
  bytesOfRead,
  type CallBytes,
  DRAIN_EVERY_MS,
  NAMES,
} from '../../bench/fleet/redis/wire.ts';

const EPOCH = '0123456789abcdef';
const time = (n: number) => ({ epoch: EPOCH, n });
const at = 1_800_000_000_000_001;
const stamp = `${EPOCH}:${at}`;
const cursor = { time: time(at), id: 'fedcba9876543210' };
const question: LogQuestion = { since: cursor, sentAtMs: 1, order: 1 };
const news: LogNews = { through: time(at), cursor, isGap: false, tags: ['account:1', 'account-number:1'] };
const newsReply = [stamp, 'news', `${at}:${cursor.id}`, news.tags];
const NO_DRAIN = '';
const payload = JSON.stringify({ id: 1, name: 'a "quoted" name' });
const hit: SharedRead = {
  status: 'hit',
  validAt: time(at),
  entry: { payload, tags: ['account:1', 'account-number:1'], asOf: time(at), freshMsLeft: 299_000 },
};
const hitReply = ['hit', stamp, stamp, payload, 'account:1\naccount-number:1', '299000', '', ''];

/** The bodies of the one call that the product's store makes. */
async function bodiesOf(
  call: (store: ReturnType<typeof makeSharedStore>) => Promise<unknown>,
  reply: unknown,
  isFollowing: boolean,
): Promise<Pick<CallBytes, 'sent' | 'received'>> {
  let sent = 0;
  // The store takes the news off the reply.
  const received = JSON.stringify([{ result: reply }]).length;
  const log = isFollowing ? { ask: () => question, learn() {} } : null;
  const store = makeSharedStore(
    async (script, keys, args) => {
      sent = JSON.stringify([['evalsha', await script.sha1(), keys.length, ...keys, ...args]]).length;
      return reply;
    },
    {
      ...NAMES,
      newest: { time: time(at) },
      log,
      drains: { everyMs: DRAIN_EVERY_MS, onDue: () => {} },
    },
  );
  await call(store);
  return { sent, received };
}

test('the bytes of a read are those of the call that the store makes, with news and without', async () => {
  const read = { key: 'account:1', answer: hit };
  const call = (store: ReturnType<typeof makeSharedStore>) => store.read('account:1', EPOCH, 'any', null);
  const plain = bytesOfRead(read, undefined, null);
  const following = bytesOfRead(read, question, news);
  expect(plain).toEqual({ ...(await bodiesOf(call, [hitReply, NO_DRAIN], false)), ofLog: 0 });
  expect(following).toMatchObject(await bodiesOf(call, [hitReply, newsReply, NO_DRAIN], true));
  expect(following.ofLog).toBe(following.sent + following.received - plain.sent - plain.received);
});

test('all bytes of a poll are those of the log', async () => {
  const bodies = await bodiesOf((store) => store.follow(), [newsReply, NO_DRAIN], true);
  expect(bytesOfRead(undefined, question, news)).toEqual({ ...bodies, ofLog: bodies.sent + bodies.received });
});

test('the bytes of fills and invalidations are those of the calls that the store makes', async () => {
  const tags = ['account:1', 'account-number:1'];
  const fill: Fill = { asOf: time(at), payload, tags, freshMs: 300_000, staleMs: 3_600_000 };
  const filled = await bodiesOf((store) => store.fill('account:1', EPOCH, fill), 'stored', false);
  expect(bytesOfFill('account:1', fill)).toMatchObject(filled);
  const released = await bodiesOf((store) => store.release('account:1', EPOCH), 'released', false);
  expect(bytesOfFill('account:1', null)).toMatchObject(released);
  const invalidated = await bodiesOf((store) => store.invalidate(tags), stamp, false);
  expect(bytesOfInvalidation(tags)).toMatchObject(invalidated);
});
