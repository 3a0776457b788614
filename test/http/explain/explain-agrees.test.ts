import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Explanation } from '../../../src/http/explain/schema.ts';
import { dumpRedis } from '../../support/redis-dump.ts';
import { sampled } from '../../support/scale.ts';
import { emptyRedis, get, newIsolate, redis, redisKeys, useStack, whileAway } from '../../support/stack.ts';

const stack = useStack();
const PATH = '/v1/users/3';
const HOUR_US = 3_600_000_000n;
const FRESH_US = 300_000_000n;
const OTHER_EPOCH = 'f'.repeat(16);

const put = (...args: string[]) => redis(stack.current, ...args);
const entryKey = async () => (await redisKeys(stack.current, 'entry:'))[0] ?? '';
const keyOf = async (name: string) => (await entryKey()).replace(/entry:.*/, name);
const setField = (field: string, value: string) => async () => put('HSET', await entryKey(), field, value);
const withoutField = (field: string) => async () => put('HDEL', await entryKey(), field);
const fieldOf = async (field: string) => String(await put('HGET', await entryKey(), field));
const age = (us: bigint) => async () =>
  put('HSET', await entryKey(), 'born', `${BigInt(await fieldOf('born')) - us}`);

async function setClock(change: (epoch: string, n: bigint) => string): Promise<void> {
  const key = await keyOf('clock');
  const [epoch = '', n = ''] = String(await put('GET', key)).split(':');
  await put('SET', key, change(epoch, BigInt(n)));
}

async function invalidateAt(tag: string, change: (epoch: string, n: bigint) => string): Promise<void> {
  const [epoch = '', n = ''] = (await fieldOf('asof')).split(':');
  await put('SET', await keyOf(`tag:${tag}`), change(epoch, BigInt(n)));
}

async function makeList(name: string): Promise<void> {
  const key = name === 'entry' ? await entryKey() : await keyOf(name);
  await put('DEL', key);
  await put('RPUSH', key, 'x');
}

/** What somebody may have done to Redis between a fill and a read. */
const states: Readonly<Record<string, () => Promise<unknown>>> = {
  'an entry as it was filled': async () => {},
  'no key at all': () => emptyRedis(stack.current),
  'no entry': async () => put('DEL', await entryKey()),
  'an entry that is a list': () => makeList('entry'),
  ...Object.fromEntries(
    ['asof', 'born', 'fresh', 'life', 'tags', 'payload'].flatMap((field) => [
      [`an entry without ${field}`, withoutField(field)],
      [`an entry whose ${field} is garbage`, setField(field, 'garbage')],
      [`an entry whose ${field} is empty`, setField(field, '')],
    ]),
  ),
  'an entry of an older shape': setField('payload', '{"id":3}'),
  'an entry of 1,001 tags': setField(
    'tags',
    Array.from({ length: 1_001 }, (_, i) => `user:${i + 10}`).join('\n'),
  ),
  'an entry of 1,000 tags': setField(
    'tags',
    Array.from({ length: 1_000 }, (_, i) => `user:${i + 10}`).join('\n'),
  ),
  'an entry of another epoch': setField('asof', `${OTHER_EPOCH}:1`),
  'an entry from the future': async () => {
    const [epoch] = (await fieldOf('asof')).split(':');
    await put('HSET', await entryKey(), 'asof', `${epoch}:9007199254000000`);
  },
  'an entry past its fresh life': age(FRESH_US),
  'an entry past its fresh life that does not parse': async () => {
    await age(FRESH_US)();
    await setField('payload', 'garbage')();
  },
  'an entry past its whole life': age(HOUR_US + FRESH_US),
  'an entry born in the future': age(-HOUR_US),
  'no clock': async () => put('DEL', await keyOf('clock')),
  'a clock that is garbage': async () => put('SET', await keyOf('clock'), 'garbage'),
  'a clock that is a list': () => makeList('clock'),
  'a clock of another epoch': () => setClock((_epoch, n) => `${OTHER_EPOCH}:${n}`),
  'a clock behind the entry': () => setClock((epoch, n) => `${epoch}:${n - HOUR_US}`),
  'a clock far ahead of its server': () => setClock((epoch, n) => `${epoch}:${n + HOUR_US}`),
  'a clock far ahead, and an entry past its fresh life': async () => {
    await age(FRESH_US)();
    await setClock((epoch, n) => `${epoch}:${n + HOUR_US}`);
  },
  'a clock at its end': () => setClock((epoch) => `${epoch}:9007199254740000`),
  'a tag invalidated before the load': () => invalidateAt('user:3', (epoch, n) => `${epoch}:${n - 1n}`),
  'a tag invalidated at the as-of': () => invalidateAt('user:3', (epoch, n) => `${epoch}:${n}`),
  'a tag invalidated in another epoch': () => invalidateAt('user:3', () => `${OTHER_EPOCH}:9007199254000000`),
  'a tag from the future': () => invalidateAt('user:3', (epoch) => `${epoch}:9007199254000000`),
  'a tag that is garbage': () => invalidateAt('user:3', () => 'garbage'),
  'a tag that is a list': () => makeList('tag:user:3'),
  'a tag of somebody else that is garbage': () => invalidateAt('user:4', () => 'garbage'),
  'everything invalidated': () => invalidateAt('everything', (epoch, n) => `${epoch}:${n}`),
  'an everything that is a list': () => makeList('tag:everything'),
};

// The first use of a script asks twice.
beforeAll(async () => {
  await get(newIsolate(stack.current), PATH);
});
beforeEach(async () => {
  await emptyRedis(stack.current);
  await get(newIsolate(stack.current), PATH);
});

async function explain(): Promise<Explanation['answer']> {
  const response = await get(newIsolate(stack.current), `/v1/explain?path=${PATH}`);
  expect(response.status).toBe(200);
  const { answer }: Explanation = await response.json();
  return answer;
}

async function readTier(): Promise<string> {
  const status = (await get(newIsolate(stack.current), PATH)).headers.get('Cache-Status') ?? '';
  return status.startsWith('redis; hit') ? 'redis' : 'postgres';
}

async function readWithoutPostgres(): Promise<string> {
  return whileAway(stack.current, ['postgres'], async () => {
    const response = await get(newIsolate(stack.current), PATH);
    if (response.status === 503) return 'unavailable';
    return response.headers.get('Cache-Status')?.includes('stale-if-error') ? 'stale-if-error' : 'same';
  });
}

describe.each(sampled(Object.entries(states), 16))('with %s', (_state, change) => {
  test('the read does what its explanation said, and the explanation changed nothing', async () => {
    await change();
    const before = await dumpRedis(stack.current);
    const { tier } = await explain();
    expect(await dumpRedis(stack.current)).toEqual(before);
    expect(await readTier()).toBe(tier);
  });

  test('the read without Postgres does what its explanation said', async () => {
    await change();
    const { ifPostgresFails } = await explain();
    expect(await readWithoutPostgres()).toBe(ifPostgresFails);
  });
});
