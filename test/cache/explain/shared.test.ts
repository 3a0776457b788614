import { beforeEach, expect, test } from 'vitest';
import type { LogicalTime } from '../../../src/cache/logical-time.ts';
import { makeSharedStore, type SharedStore } from '../../../src/cache/shared/shared-store.ts';
import { makeUpstash } from '../../../src/cache/shared/upstash.ts';
import { dumpRedis } from '../../support/redis-dump.ts';
import { emptyRedis, redis, useStack } from '../../support/stack.ts';

const stack = useStack();
let store: SharedStore;
let prefix: string;

beforeEach(async () => {
  await emptyRedis(stack.current);
  const { env } = stack.current;
  const databaseId = env.DATABASE_ID;
  prefix = `ea:{${databaseId}}:`;
  const { run } = makeUpstash({
    url: env.UPSTASH_REDIS_REST_URL,
    token: env.UPSTASH_REDIS_REST_TOKEN,
    deadlineMs: 5_000,
  });
  store = makeSharedStore(run, { variant: '1', leaseMs: 2_000, databaseId });
});

const put = (command: string, key: string, ...args: string[]) =>
  redis(stack.current, command, `${prefix}${key}`, ...args);
const describeKey = (tags: readonly string[] = []) => store.describe('k', tags);

async function fill(tags = ['user:1', 'username:ü']): Promise<LogicalTime> {
  const read = await store.read('k', 'me', 'none', null);
  if (read.status === 'hit' || !read.asOf) throw new Error('expected an as-of');
  const filled = { asOf: read.asOf, payload: '{"id":1}', tags, freshMs: 300_000, staleMs: 3_600_000 };
  expect(await store.fill('k', 'me', filled)).toBe('stored');
  return read.asOf;
}

test('an empty store has no clock, no entry, no lease and no invalidation', async () => {
  expect(await describeKey(['user:1'])).toEqual({
    name: `${prefix}entry:1:k`,
    nowUs: expect.any(Number),
    clock: { state: 'none', time: null },
    entry: 'none',
    leaseMsLeft: null,
    tags: [
      { tag: 'everything', state: 'none', time: null },
      { tag: 'user:1', state: 'none', time: null },
    ],
  });
});

test('an entry has its as-of, birth, lives, tags and payload', async () => {
  const asOf = await fill();
  const { entry, clock, nowUs } = await describeKey();
  expect(clock).toEqual({ state: 'known', time: asOf });
  expect(entry).toMatchObject({
    asOf,
    freshMs: 300_000,
    lifeMs: 3_900_000,
    tags: ['user:1', 'username:ü'],
    payload: '{"id":1}',
  });
  expect(typeof entry === 'object' && nowUs - entry.bornUs).toBeGreaterThanOrEqual(0);
});

test('the clock of the store is in µs', async () => {
  const { nowUs } = await describeKey();
  expect(Math.abs(nowUs / 1_000 - Date.now())).toBeLessThan(60_000);
});

test('each tag has the time of its last invalidation, once, those asked for after those of the entry', async () => {
  await fill(['user:1', 'user:2']);
  const time = await store.invalidate(['user:2', 'user:3']);
  const { tags } = await describeKey(['user:3', 'user:2', 'user:4']);
  expect(tags).toEqual([
    { tag: 'everything', state: 'none', time: null },
    { tag: 'user:1', state: 'none', time: null },
    { tag: 'user:2', state: 'known', time },
    { tag: 'user:3', state: 'known', time },
    { tag: 'user:4', state: 'none', time: null },
  ]);
});

test('a lease is told with what is left of it', async () => {
  await store.read('k', 'me', 'any', null);
  const { leaseMsLeft } = await describeKey();
  expect(leaseMsLeft).toBeGreaterThan(0);
  expect(leaseMsLeft).toBeLessThanOrEqual(2_000);
});

test.each([
  ['that never ends', [['SET', 'lease:1:k', 'x']]],
  ['of a longer life than any is given', [['SET', 'lease:1:k', 'x', 'PX', '60000']]],
])('a lease %s is nobody’s', async (_what, [command]) => {
  const [name = '', key = '', ...args] = command ?? [];
  await put(name, key, ...args);
  expect((await describeKey()).leaseMsLeft).toBeNull();
});

test('a clock so far ahead that the next tick begins a new epoch is spent', async () => {
  const { epoch, n } = await fill();
  await put('SET', 'clock', `${epoch}:${n + 3_600_000_000}`);
  expect((await describeKey()).clock.state).toBe('spent');
  await put('SET', 'clock', `${epoch}:9007199254740000`);
  expect((await describeKey()).clock.state).toBe('spent');
});

const garbage: { what: string; commands: string[][]; found: object }[] = [
  { what: 'a clock that is no time', commands: [['SET', 'clock', 'x']], found: { clock: 'unreadable' } },
  {
    what: 'a clock of another type',
    commands: [
      ['DEL', 'clock'],
      ['LPUSH', 'clock', 'x'],
    ],
    found: { clock: 'unreadable' },
  },
  { what: 'a tag that is no time', commands: [['SET', 'tag:user:1', 'x']], found: { tag: 'unreadable' } },
  {
    what: 'a tag of another type',
    commands: [['LPUSH', 'tag:user:1', 'x']],
    found: { tag: 'unreadable' },
  },
  { what: 'an entry of another type', commands: [['SET', 'entry:1:k', 'x']], found: { entry: 'unreadable' } },
  ...['asof', 'born', 'fresh', 'life', 'tags', 'payload'].map((field) => ({
    what: `an entry without ${field}`,
    commands: [['HDEL', 'entry:1:k', field]],
    found: { entry: 'unreadable' },
  })),
  ...['asof', 'born', 'fresh', 'life'].flatMap((field) =>
    ['', 'x', 'nan', 'inf', '-1', '1e308', '9'.repeat(17)].map((value) => ({
      what: `an entry whose ${field} is ${JSON.stringify(value)}`,
      commands: [['HSET', 'entry:1:k', field, value]],
      found: { entry: 'unreadable' },
    })),
  ),
  {
    what: 'an entry of 20,000 tags',
    commands: [['HSET', 'entry:1:k', 'tags', 'x\n'.repeat(20_000)]],
    found: { entry: 'unreadable' },
  },
  { what: 'a lease of another type', commands: [['LPUSH', 'lease:1:k', 'x']], found: {} },
];

test.each(garbage)('$what is told as it is, and stays', async ({ commands, found }) => {
  await fill();
  for (const [command = '', key = '', ...args] of commands) await put(command, key, ...args);
  const before = await dumpRedis(stack.current);
  const { clock, entry, tags } = await describeKey(['user:1']);
  const tag = tags.find((one) => one.tag === 'user:1')?.state;
  expect({ clock: clock.state, tag, entry: typeof entry === 'string' ? entry : 'known' }).toEqual({
    clock: 'known',
    tag: 'none',
    entry: 'known',
    ...found,
  });
  expect(await dumpRedis(stack.current)).toEqual(before);
});
