import { beforeEach, expect, test } from 'vitest';
import type { LogicalTime } from '../../../src/cache/logical-time.ts';
import {
  makeSharedStore,
  type RunScript,
  type SharedRead,
  type SharedStore,
} from '../../../src/cache/shared/shared-store.ts';
import { makeUpstash } from '../../../src/cache/shared/upstash.ts';
import { redis, useStack } from '../../support/stack.ts';

const stack = useStack();
let store: SharedStore;
/** The number of keys of each call. */
let calls: number[];
let prefix: string;
let databaseId: string;
let run: RunScript;
let count = 0;

const settings = { variant: '1', leaseMs: 2_000 };
const fresh = { freshMs: 300_000, staleMs: 3_600_000 };

beforeEach(() => {
  const { env } = stack.current;
  // Within the prefix that the stack deletes at its end, and unlike that of any other test.
  databaseId = `${env.DATABASE_ID}}:${++count}:{x`;
  prefix = `ea:{${databaseId}}:`;
  const upstash = makeUpstash({
    url: env.UPSTASH_REDIS_REST_URL,
    token: env.UPSTASH_REDIS_REST_TOKEN,
    deadlineMs: 5_000,
  });
  calls = [];
  run = (script, keys, args) => {
    calls.push(keys.length);
    return upstash.run(script, keys, args);
  };
  store = makeSharedStore(run, { ...settings, databaseId });
});

const read = (owner = 'me', least: LogicalTime | null = null) => store.read('k', owner, 'any', least);

async function asOfOfLoad(owner = 'me'): Promise<LogicalTime> {
  const answer = await read(owner);
  if (answer.status === 'hit' || !answer.asOf) throw new Error('expected a miss with an as-of');
  return answer.asOf;
}

async function filled(tags = ['user:1'], payload = '{"id":1}'): Promise<LogicalTime> {
  const asOf = await asOfOfLoad();
  expect(await store.fill('k', 'me', { asOf, payload, tags, ...fresh })).toBe('stored');
  return asOf;
}

test('the first reader of a missing key loads, the second is told that one does', async () => {
  expect((await read('a')).status).toBe('load');
  expect((await read('b')).status).toBe('busy');
});

test('logical time grows with every as-of', async () => {
  const [a, b] = [await asOfOfLoad(), await asOfOfLoad()];
  expect(b.epoch).toBe(a.epoch);
  expect(b.n).toBeGreaterThan(a.n);
});

test('a filled entry is a hit with payload, tags, as-of and what is left of its fresh life', async () => {
  const asOf = await filled(['user:1', 'username:ü']);
  const answer = await read();
  expect(answer).toMatchObject({
    status: 'hit',
    entry: { payload: '{"id":1}', tags: ['user:1', 'username:ü'], asOf },
  });
});

test('an entry is invalid once any of its tags is invalidated', async () => {
  await filled(['user:1', 'members:2']);
  await store.invalidate(['members:2']);
  expect((await read()).status).not.toBe('hit');
});

test('an entry survives the invalidation of other tags', async () => {
  await filled();
  await store.invalidate(['user:2']);
  expect((await read()).status).toBe('hit');
});

test('everything invalidates every entry', async () => {
  await filled();
  await store.invalidate(['everything']);
  expect((await read()).status).not.toBe('hit');
});

test('a slow reader cannot fill what was invalidated during its load', async () => {
  const asOf = await asOfOfLoad();
  await store.invalidate(['user:1']);
  expect(await store.fill('k', 'me', { asOf, payload: '1', tags: ['user:1'], ...fresh })).toBe('invalidated');
  expect((await read()).status).not.toBe('hit');
});

test('an older load cannot overwrite the entry of a newer one', async () => {
  const old = await asOfOfLoad();
  await filled();
  expect(await store.fill('k', 'me', { asOf: old, payload: '"old"', tags: ['user:1'], ...fresh })).toBe(
    'older',
  );
});

test('a fill of another epoch, or from the future, or from long ago is refused', async () => {
  const { epoch, n } = await asOfOfLoad();
  const fill = (asOf: LogicalTime) =>
    store.fill('k', 'me', { asOf, payload: '1', tags: ['user:1'], ...fresh });
  expect(await fill({ epoch: '0'.repeat(16), n })).toBe('epoch');
  expect(await fill({ epoch, n: n + 1_000_000_000 })).toBe('ahead');
  expect(await fill({ epoch, n: n - 31_000_000 })).toBe('late');
});

test('a token makes an older entry unusable, and one that it covers usable', async () => {
  const asOf = await filled();
  const token = await store.invalidate(['user:2']);
  expect((await read('me', asOf)).status).toBe('hit');
  expect((await read('me', token)).status).not.toBe('hit');
});

test('a token of another epoch asks for a load', async () => {
  await filled();
  expect((await read('me', { epoch: '0'.repeat(16), n: 1 })).status).not.toBe('hit');
});

test('a fill gives back its own lease and nobody else’s', async () => {
  const asOf = await asOfOfLoad('a');
  await store.fill('k', 'b', { asOf, payload: '1', tags: ['user:1'], ...fresh });
  await store.invalidate(['user:1']);
  expect((await read('c')).status).toBe('busy');
  await store.release('k', 'a');
  expect((await read('c')).status).toBe('load');
});

test('drop deletes the entry, none leaves it, and both give an as-of', async () => {
  await filled();
  expect(await store.read('k', 'me', 'none', null)).toMatchObject({
    stale: null,
    asOf: { n: expect.any(Number) },
  });
  expect((await read()).status).toBe('hit');
  await store.read('k', 'me', 'drop', null);
  expect((await read()).status).not.toBe('hit');
});

test('an entry past its fresh life is offered as stale, and invalidation ends that too', async () => {
  await filled();
  await redis(stack.current, 'HSET', `${prefix}entry:1:k`, 'fresh', '0');
  expect(await read()).toMatchObject({ status: 'load', stale: { payload: '{"id":1}' } });
  await store.invalidate(['user:1']);
  expect(await read()).toMatchObject({ stale: null });
});

test('entries expire after their whole life and tags later still', async () => {
  await filled();
  await store.invalidate(['user:2']);
  const entryMs = Number(await redis(stack.current, 'PTTL', `${prefix}entry:1:k`));
  const tagMs = Number(await redis(stack.current, 'PTTL', `${prefix}tag:user:2`));
  expect(entryMs).toBeLessThanOrEqual(3_900_000);
  expect(entryMs).toBeGreaterThan(3_800_000);
  expect(tagMs).toBeGreaterThan(entryMs + 50_000);
});

test('a lost clock key begins a new epoch: nothing from before is valid', async () => {
  const before = await filled();
  await redis(stack.current, 'DEL', `${prefix}clock`);
  const after = await asOfOfLoad();
  expect(after.epoch).not.toBe(before.epoch);
  expect(await store.fill('k', 'me', { asOf: before, payload: '1', tags: ['user:1'], ...fresh })).toBe(
    'epoch',
  );
});

test('an epoch does not end for want of use: neither its loads nor its invalidations give the clock an end', async () => {
  await filled();
  expect(Number(await redis(stack.current, 'PTTL', `${prefix}clock`))).toBe(-1);
  await store.invalidate(['user:2']);
  expect(Number(await redis(stack.current, 'PTTL', `${prefix}clock`))).toBe(-1);
});

async function setClockBack(us: number): Promise<LogicalTime> {
  const { epoch, n } = await asOfOfLoad();
  await redis(stack.current, 'SET', `${prefix}clock`, `${epoch}:${n + us}`);
  return { epoch, n: n + us };
}

test('logical time grows though the clock steps back', async () => {
  const { epoch, n } = await setClockBack(20_000_000);
  expect(await asOfOfLoad()).toEqual({ epoch, n: n + 1 });
});

test('a clock set back further than tags outlive entries begins a new epoch', async () => {
  const { epoch } = await setClockBack(3_600_000_000);
  await store.invalidate(['user:2']);
  expect((await asOfOfLoad()).epoch).not.toBe(epoch);
});

test('a fill whose life is all but over still expires', async () => {
  const asOf = await asOfOfLoad();
  await store.fill('k', 'me', { asOf, payload: '1', tags: ['user:1'], freshMs: 0, staleMs: 0 });
  expect(Number(await redis(stack.current, 'PTTL', `${prefix}entry:1:k`))).not.toBe(-1);
});

test('a tag from the future counts as invalidated now, and heals', async () => {
  const { epoch } = await filled();
  await redis(stack.current, 'SET', `${prefix}tag:user:1`, `${epoch}:9007199254000000`);
  expect((await read()).status).toBe('load');
  await filled();
  expect((await read()).status).toBe('hit');
});

const garbage: [string, string[][]][] = [
  ['a clock that is no time', [['SET', 'clock', 'garbage']]],
  ['a clock beyond 2^53', [['SET', 'clock', '0123456789abcdef:9999999999999999']]],
  [
    'a clock of another type',
    [
      ['DEL', 'clock'],
      ['LPUSH', 'clock', 'x'],
    ],
  ],
  ['a tag that is no time', [['SET', 'tag:user:1', 'garbage']]],
  [
    'a tag of another type',
    [
      ['DEL', 'tag:user:1'],
      ['LPUSH', 'tag:user:1', 'x'],
    ],
  ],
  ['an everything tag of another type', [['LPUSH', 'tag:everything', 'x']]],
  ['an entry of another type', [['SET', 'entry:1:k', 'garbage']]],
  ['an entry without as-of', [['HDEL', 'entry:1:k', 'asof']]],
  ['an entry without payload', [['HDEL', 'entry:1:k', 'payload']]],
  ['an entry from the future', [['HSET', 'entry:1:k', 'asof', '0123456789abcdef:1']]],
  ['an entry whose birth is no number', [['HSET', 'entry:1:k', 'born', 'x']]],
  [
    'a lease of another type',
    [
      ['DEL', 'entry:1:k'],
      ['LPUSH', 'lease:1:k', 'x'],
    ],
  ],
  [
    'a lease that never ends',
    [
      ['DEL', 'entry:1:k'],
      ['SET', 'lease:1:k', 'x'],
    ],
  ],
];

test.each(garbage)('%s is a miss, and heals', async (_what, commands) => {
  await filled();
  for (const [command = '', key = '', ...args] of commands) {
    await redis(stack.current, command, `${prefix}${key}`, ...args);
  }
  const answer = await read();
  expect(answer.status).toBe('load');
  await store.release('k', 'me');
  await filled();
  expect((await read()).status).toBe('hit');
});

test('a tag that other deployments wrote in another epoch does not matter', async () => {
  await redis(stack.current, 'SET', `${prefix}tag:user:1`, 'ffffffffffffffff:9007199254000000');
  await filled();
  expect((await read()).status).toBe('hit');
});

test('a thousand tags in one entry and one invalidation', async () => {
  const tags = Array.from({ length: 1_000 }, (_, i) => `user:${i}`);
  await filled(tags);
  expect((await read()).status).toBe('hit');
  await store.invalidate(tags);
  expect((await read()).status).not.toBe('hit');
});

const readKeys = (keys: readonly string[]): Promise<SharedRead>[] =>
  keys.map((key) => store.read(key, 'me', 'any', null));

const keysFrom1To = (length: number): string[] => Array.from({ length }, (_, i) => `key-${i + 1}`);

test('reads of one turn travel in one call, and those of the next in another', async () => {
  await Promise.all(readKeys(keysFrom1To(50)));
  expect(calls).toEqual([1 + 2 * 50]);
  await Promise.all(readKeys(['k']));
  expect(calls).toEqual([1 + 2 * 50, 1 + 2]);
});

test('a call has a hundred reads at most', async () => {
  const answers = await Promise.all(readKeys(keysFrom1To(101)));
  expect(calls).toEqual([1 + 2 * 100, 1 + 2]);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['load']));
});

test('each read of a call has its own answer: hit, busy, stale, refused by its token, dropped, none', async () => {
  const asOf = await filled();
  await store.fill('old', 'me', { asOf, payload: '"old"', tags: ['a'], freshMs: 0, staleMs: 60_000 });
  for (const key of ['invalid', 'dropped', 'refused']) {
    await store.fill(key, 'me', { asOf, payload: '2', tags: [key], ...fresh });
  }
  const token = await store.invalidate(['invalid']);
  await store.read('held', 'other', 'any', null);
  calls = [];
  const [hit, invalid, held, old, dropped, refused, none] = await Promise.all([
    store.read('k', 'me', 'any', asOf),
    store.read('invalid', 'me', 'any', null),
    store.read('held', 'me', 'any', null),
    store.read('old', 'me', 'any', null),
    store.read('dropped', 'me', 'drop', null),
    store.read('refused', 'me', 'any', token),
    store.read('none', 'me', 'none', null),
  ]);
  expect(calls).toEqual([1 + 2 * 7]);
  expect(hit).toMatchObject({ status: 'hit', entry: { payload: '{"id":1}', asOf } });
  expect(invalid).toMatchObject({ status: 'load', stale: null });
  expect(held).toMatchObject({ status: 'busy', stale: null });
  expect(old).toMatchObject({ status: 'load', stale: { payload: '"old"', asOf } });
  expect(dropped).toMatchObject({ status: 'load', stale: null });
  expect(refused).toMatchObject({ status: 'load', stale: null });
  expect(none).toMatchObject({ status: 'load', stale: null });
  // All loads of the call share one as-of, which is later than every invalidation before it.
  const asOfs = [invalid, held, old, dropped, refused, none].map((one) => 'asOf' in one && one.asOf);
  expect(new Set(asOfs.map((one) => JSON.stringify(one))).size).toBe(1);
  expect(asOfs[0]).toMatchObject({ epoch: asOf.epoch });
  if (!token || !asOfs[0]) throw new Error('Redis is not full');
  expect(asOfs[0].n).toBeGreaterThan(token.n);
});

test('of two reads of one key in one call one gets the lease', async () => {
  const [a, b] = await Promise.all([read('a'), read('b')]);
  expect([a.status, b.status]).toEqual(['load', 'busy']);
});

test('a fill under the as-of of a call is condemned by whatever comes after the call', async () => {
  const [a, b] = await Promise.all(readKeys(['a', 'b']));
  if (!a || a.status === 'hit' || !a.asOf || !b || b.status === 'hit') throw new Error('nothing is stored');
  expect(b.asOf).toEqual(a.asOf);
  await store.invalidate(['tag-of-b']);
  const { asOf } = a;
  expect(await store.fill('a', 'me', { asOf, payload: '1', tags: ['tag-of-a'], ...fresh })).toBe('stored');
  expect(await store.fill('b', 'me', { asOf, payload: '1', tags: ['tag-of-b'], ...fresh })).toBe(
    'invalidated',
  );
});

test.each(garbage)(
  '%s heals in a call of three, and a sound entry after it is a hit',
  async (_what, commands) => {
    await filled();
    for (const [command = '', key = '', ...args] of commands) {
      await redis(stack.current, command, `${prefix}${key}`, ...args);
    }
    const [bad, twin] = await Promise.all(readKeys(['k', 'twin']));
    expect([bad?.status, twin?.status]).toEqual(['load', 'load']);
    const asOf = bad?.status !== 'hit' && bad?.asOf;
    if (!asOf) throw new Error('there is no as-of');
    for (const key of ['k', 'twin']) {
      expect(await store.fill(key, 'me', { asOf, payload: '1', tags: ['user:1'], ...fresh })).toBe('stored');
    }
    const healed = await Promise.all(readKeys(['k', 'twin']));
    expect(healed.map(({ status }) => status)).toEqual(['hit', 'hit']);
  },
);

test('an entry that is garbage does not keep the others of its call from being hits', async () => {
  const asOf = await filled();
  await store.fill('b', 'me', { asOf, payload: '2', tags: ['user:2'], ...fresh });
  await redis(stack.current, 'SET', `${prefix}entry:1:k`, 'garbage');
  const answers = await Promise.all(readKeys(['k', 'b']));
  expect(answers.map(({ status }) => status)).toEqual(['load', 'hit']);
});

test.each<[string, unknown]>([
  ['no list', 'OK'],
  ['too short', [['load', '', '', '', '', '0']]],
  ['too long', Array.from({ length: 3 }, () => ['load', '', '', '', '', '0'])],
])('a reply to a call that is %s rejects every read of it', async (_what, reply) => {
  const broken = makeSharedStore(async () => reply, { ...settings, databaseId: 'x' });
  const reads = ['a', 'b'].map((key) => broken.read(key, 'me', 'any', null));
  const outcomes = await Promise.allSettled(reads);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('a part of a reply that no script can have answered rejects its own read alone', async () => {
  const load = ['load', '', '', '', '', '0'];
  const broken = makeSharedStore(async () => [load, ['hit'], load], { ...settings, databaseId: 'x' });
  const reads = ['a', 'b', 'c'].map((key) => broken.read(key, 'me', 'any', null));
  const outcomes = await Promise.allSettled(reads);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('a loss that each answer of a call tells is told once, whatever else the call has', async () => {
  const told: string[] = [];
  const lost = ['load', '', '', '', '', '0', '', 'time'];
  const forgetful = makeSharedStore(async () => [lost, ['hit'], lost], {
    ...settings,
    databaseId: 'x',
    onForgot: (what) => void told.push(what),
  });
  const reads = (): Promise<unknown> =>
    Promise.allSettled(['a', 'b', 'c'].map((key) => forgetful.read(key, 'me', 'any', null)));
  await reads();
  expect(told).toEqual(['time']);
  await reads();
  expect(told).toEqual(['time', 'time']);
});

test('an invalidation tells of a loss of time as a read does, and once', async () => {
  const told: string[] = [];
  const newest = { time: { epoch: '0'.repeat(16), n: 1 } };
  const remembering = makeSharedStore(run, {
    ...settings,
    databaseId,
    newest,
    onForgot: (what) => void told.push(what),
  });
  await remembering.invalidate(['user:1']);
  await remembering.invalidate(['user:1']);
  expect(told).toEqual(['time']);
});

/** Keys that one call looks at. */
const LOOKED_AT = 1_000;
const entryKeys = async () => {
  const keys = (await redis(stack.current, 'KEYS', '*')) as string[];
  return keys.filter((key) => key.startsWith(`${prefix}entry:`)).toSorted();
};

/** Walks all keys until nothing was found, and answers the calls of the first walk. */
async function forgetAll(tags: string[], spent: string[] = []): Promise<number> {
  let [asked, gone] = [0, 0];
  let place = '0';
  do {
    const { next, deleted } = await store.forget(tags, spent, place);
    [place, gone, asked] = [next, gone + deleted, asked + 1];
  } while (place !== '0');
  if (gone > 0) await forgetAll(tags, spent);
  return asked;
}

test('entries with one of the tags are deleted, of every deployment, and no others', async () => {
  const asOf = await asOfOfLoad();
  const fill = (key: string, tags: string[], on = store) =>
    on.fill(key, 'me', { asOf, payload: '1', tags, ...fresh });
  const elsewhere = makeSharedStore(run, { ...settings, variant: '2', databaseId });
  await fill('a', ['user:1', 'account:1']);
  await fill('b', ['account:1', 'username:x']);
  await fill('c', ['user:11', 'username:xx']);
  await fill('d', ['user:1'], elsewhere);
  await redis(stack.current, 'SET', `${prefix}entry:1:garbage`, 'garbage');
  await redis(stack.current, 'HSET', `${prefix}other`, 'tags', 'user:1');
  await forgetAll(['user:1', 'username:x']);
  expect(await entryKeys()).toEqual([`${prefix}entry:1:c`, `${prefix}entry:1:garbage`]);
  expect(await redis(stack.current, 'EXISTS', `${prefix}other`)).toBe(1);
});

test('more keys than one call looks at are looked at in several', async () => {
  const many = `for i = 1, ${LOOKED_AT + 500} do redis.call('HSET', ARGV[1] .. 'entry:1:' .. i, 'tags', i % 2 == 0 and 'user:1' or 'user:2') end`;
  await redis(stack.current, 'EVAL', many, '0', prefix);
  await store.invalidate(['user:1']);
  expect(await forgetAll(['user:1'])).toBeGreaterThan(1);
  expect(await entryKeys()).toHaveLength(LOOKED_AT / 2 + 250);
});

test('an answer that was read before is not stored afterwards, nor where its tag is spent', async () => {
  const asOf = await asOfOfLoad();
  await store.invalidate(['user:1', 'username:x']);
  await forgetAll(['user:1', 'username:x'], ['username:x']);
  for (const tag of ['user:1', 'username:x'])
    expect(await store.fill('k', 'me', { asOf, payload: '1', tags: [tag], ...fresh })).toBe('invalidated');
  expect(await entryKeys()).toEqual([]);
});

test('spent tags end soon, and others when they would', async () => {
  await store.invalidate(['user:1', 'username:x', 'username:y']);
  await redis(stack.current, 'PEXPIRE', `${prefix}tag:username:y`, '1000');
  await forgetAll(['user:1'], ['username:x', 'username:y', 'username:z']);
  const lives = await Promise.all(
    ['user:1', 'username:x', 'username:y', 'username:z'].map(async (tag) =>
      Number(await redis(stack.current, 'PTTL', `${prefix}tag:${tag}`)),
    ),
  );
  const [user = 0, x = 0, y = 0, z] = lives;
  expect(user).toBeGreaterThan(7_000_000);
  expect(x).toBeGreaterThan(290_000);
  expect(x).toBeLessThanOrEqual(300_000);
  expect(y).toBeLessThanOrEqual(1_000);
  expect(z).toBe(-2);
});
