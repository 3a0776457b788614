import { beforeEach, expect, test } from 'vitest';
import type { LogCursor, LogNews, LogReader } from '../../../src/cache/shared/invalidation-log.ts';
import { makeSharedStore, type SharedStore } from '../../../src/cache/shared/shared-store.ts';
import { makeUpstash } from '../../../src/cache/shared/upstash.ts';
import { redis, useStack } from '../../support/stack.ts';

const stack = useStack();
const settings = { variant: '1', leaseMs: 2_000 };
const MAX_LOG = 10_000;
const TAGS_PER_CALL = 1_000;
let count = 0;
let databaseId: string;
let log: string;
let writer: SharedStore;

beforeEach(() => {
  const { env } = stack.current;
  // Within the prefix that the stack deletes at its end, and unlike that of any other test.
  databaseId = `${env.DATABASE_ID}}:${++count}:{x`;
  log = `ea:{${databaseId}}:log`;
  writer = makeStore();
});

function makeStore(reader?: LogReader): SharedStore {
  const { env } = stack.current;
  const url = env.UPSTASH_REDIS_REST_URL;
  const upstash = makeUpstash({ url, token: env.UPSTASH_REDIS_REST_TOKEN, deadlineMs: 5_000 });
  return makeSharedStore(upstash.run, { ...settings, databaseId, ...(reader && { log: reader }) });
}

/** Follows the log from wherever the last news left it, and answers the news. */
function makeFollower() {
  let cursor: LogCursor | null = null;
  let latest: LogNews | null = null;
  const store = makeStore({
    ask: (sentAtMs) => ({ since: cursor, sentAtMs, order: 1 }),
    learn(_question, news) {
      latest = news;
      ({ cursor } = news);
    },
  });
  const follow = async (): Promise<LogNews | null> => {
    latest = null;
    await store.follow();
    return latest;
  };
  const newsAfter = async (act: () => Promise<unknown>): Promise<LogNews | null> => {
    latest = null;
    await act();
    return latest;
  };
  return { store, follow, newsAfter };
}

const command = (name: string, ...args: string[]) => redis(stack.current, name, log, ...args);
const tagsOf = (count_: number, name = 'tag') => Array.from({ length: count_ }, (_, i) => `${name}:${i}`);

async function begun() {
  await writer.invalidate(['first']);
  const follower = makeFollower();
  expect(await follower.follow()).toMatchObject({ isGap: true, tags: [] });
  return follower;
}

test('without a cursor the news are a gap, and give one', async () => {
  const token = await writer.invalidate(['a']);
  const { follow } = makeFollower();
  expect(await follow()).toMatchObject({ isGap: true, tags: [], cursor: { time: token } });
  expect(await follow()).toMatchObject({ isGap: false, tags: [], cursor: { time: token } });
});

test('news have the tags of all invalidations since, each once', async () => {
  const { follow } = await begun();
  await writer.invalidate(['a', 'b']);
  const two = await writer.invalidate(['b', 'c']);
  const news = await follow();
  expect([...(news?.tags ?? [])].sort()).toEqual(['a', 'b', 'c']);
  expect(news).toMatchObject({ isGap: false, cursor: { time: two } });
  expect(await follow()).toMatchObject({ tags: [] });
});

test('a read brings them beside its answers, hits and loads', async () => {
  const { store, newsAfter } = await begun();
  await writer.invalidate(['a']);
  const read = () => Promise.all(['k', 'l'].map((key) => store.read(key, 'me', 'any', null)));
  expect(await newsAfter(read)).toMatchObject({ isGap: false, tags: ['a'] });
  const loads = await read();
  const { asOf } = loads[0]?.status === 'busy' ? loads[0] : { asOf: null };
  if (!asOf) throw new Error('expected an as-of');
  const fill = { asOf, payload: '1', tags: ['k'], freshMs: 60_000, staleMs: 0 };
  expect(await store.fill('k', 'me', fill)).toBe('stored');
  await writer.invalidate(['b']);
  let answer: unknown;
  const news = await newsAfter(async () => void (answer = await store.read('k', 'me', 'any', null)));
  expect(answer).toMatchObject({ status: 'hit', validAt: news?.through });
  expect(news).toMatchObject({ tags: ['b'] });
});

test('the news of a call are through before the as-of of its loads', async () => {
  const { store, newsAfter } = await begun();
  await writer.invalidate(['a']);
  const answers: unknown[] = [];
  const news = await newsAfter(async () => void answers.push(await store.read('k', 'me', 'any', null)));
  const [load] = answers as [{ readonly asOf: { readonly n: number } }];
  expect(load.asOf.n).toBeGreaterThan(news?.through.n ?? Infinity);
});

test('a thousand tags of one invalidation are a gap, five hundred are not', async () => {
  const { follow } = await begun();
  await writer.invalidate(tagsOf(500));
  expect((await follow())?.tags).toHaveLength(500);
  await writer.invalidate(tagsOf(501));
  expect(await follow()).toMatchObject({ isGap: true, tags: [] });
  await writer.invalidate(['a']);
  expect(await follow()).toMatchObject({ isGap: false, tags: ['a'] });
});

test('the log is cut at ten thousand members, and a cursor below is a gap', async () => {
  const early = await begun();
  await writer.invalidate(['last of the early']);
  const late = makeFollower();
  for (let call = 0; call < MAX_LOG / TAGS_PER_CALL; call += 1)
    await writer.invalidate(tagsOf(TAGS_PER_CALL, `call-${call}`));
  expect(Number(await command('ZCARD'))).toBeLessThanOrEqual(MAX_LOG + 1 + TAGS_PER_CALL);
  await late.follow();
  await writer.invalidate(['a']);
  expect(await early.follow()).toMatchObject({ isGap: true });
  expect(await late.follow()).toMatchObject({ isGap: false, tags: ['a'] });
});

test('what is older than five minutes is cut', async () => {
  await writer.invalidate(['old']);
  const hourAgo = `${(Date.now() - 3_600_000) * 1_000}`;
  await command('ZADD', hourAgo, 'old', hourAgo, `\n${hourAgo}:00000000000000aa`);
  await writer.invalidate(['new']);
  expect(await command('ZSCORE', 'old')).toBeNull();
  expect(await command('ZCOUNT', '-inf', hourAgo)).toBe(0);
});

test('a log that is lost is a gap, for whoever writes or reads first', async () => {
  const { follow } = await begun();
  await command('DEL');
  expect(await follow()).toMatchObject({ isGap: true });
  expect(await follow()).toMatchObject({ isGap: false });
  await command('DEL');
  await writer.invalidate(['a']);
  expect(await follow()).toMatchObject({ isGap: true });
});

test('a new epoch begins a new log', async () => {
  const { follow } = await begun();
  await redis(stack.current, 'DEL', `ea:{${databaseId}}:clock`);
  const token = await writer.invalidate(['a']);
  expect(await command('ZCARD')).toBe(2);
  expect(await follow()).toMatchObject({ isGap: true, through: token, cursor: { time: token } });
});

test.each([
  ['a text', 'SET', ['garbage']],
  ['a list', 'RPUSH', ['garbage']],
  ['a member ahead of every time', 'ZADD', ['9007199254740993000', 'garbage']],
  ['a newest member that is no mark', 'ZADD', ['9007199254739990', 'garbage']],
])('%s under its key heals with the next read, and is a gap', async (_name, name, args) => {
  const { follow } = await begun();
  if (name !== 'ZADD') await command('DEL');
  await command(name, ...args);
  expect(await follow()).toMatchObject({ isGap: true });
  await writer.invalidate(['a']);
  expect(await follow()).toMatchObject({ isGap: false, tags: ['a'] });
});

test('garbage under its key does not fail an invalidation', async () => {
  await command('SET', 'garbage');
  expect(await writer.invalidate(['a'])).not.toBeNull();
  expect(await command('ZCARD')).toBe(2);
});

test('a tag that was garbage, and counts as invalidated, is in the news', async () => {
  const { store, follow } = await begun();
  const load = await store.read('k', 'me', 'any', null);
  if (load.status === 'hit' || !load.asOf) throw new Error('expected an as-of');
  const fill = { asOf: load.asOf, payload: '1', tags: ['a'], freshMs: 60_000, staleMs: 0 };
  await store.fill('k', 'me', fill);
  await follow();
  await redis(stack.current, 'SET', `ea:{${databaseId}}:tag:a`, 'garbage');
  await store.read('k', 'me', 'any', null);
  await writer.invalidate(['b']);
  expect((await makeFollower().follow())?.isGap).toBe(true);
  expect(await command('ZSCORE', 'a')).not.toBeNull();
});
