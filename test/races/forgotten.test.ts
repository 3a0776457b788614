import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Explanation } from '../../src/http/explanation.ts';
import { found, see } from '../seen.ts';
import {
  ageOutbox,
  drainNow,
  emptyRedis,
  get,
  newIsolate,
  redis,
  redisKeys,
  send,
  sql,
  useStack,
} from '../stack.ts';

const stack = useStack({ MEMORY_TTL_MS: '0' });
const OLD = found({ firstName: '' });
const NEW = found({ firstName: 'John' });
const isolate = () => newIsolate(stack.current);
const user = (id: number, on = isolate()) => see(on, `/v1/users/${id}`);
const rename = (id: number) => sql(stack.current, `update users set first_name = 'John' where id = ${id}`);
const keyOf = (name: string) => `ea:{${stack.current.env.DATABASE_ID}}:${name}`;
const lose = (name: string) => redis(stack.current, 'DEL', keyOf(name));

let errors: string[];

async function secondPass(): Promise<void> {
  await ageOutbox(stack.current);
  await drainNow(stack.current);
}

async function epoch(): Promise<string> {
  return String(await redis(stack.current, 'GET', keyOf('clock'))).split(':')[0] ?? '';
}

/** What `/readyz` and `/v1/explain` say was lost. */
async function told(): Promise<(string | undefined)[]> {
  const ready: { redis: Explanation['redis'] } = await (await send(isolate(), '/readyz')).json();
  const explained: Explanation = await (await get(isolate(), '/v1/explain?path=/v1/users/3')).json();
  return [ready.redis.forgot?.what, explained.redis.forgot?.what];
}

const forgotten = () => errors.filter((line) => line.includes('shared_store_forgot'));

beforeEach(async () => {
  await sql(stack.current, "update users set first_name = '' where id in (3, 4)");
  await drainNow(stack.current);
  await secondPass();
  await emptyRedis(stack.current);
  errors = [];
  vi.spyOn(console, 'error').mockImplementation((line: string) => void errors.push(line));
});
afterEach(() => void vi.restoreAllMocks());

describe('a drain whose second pass', () => {
  /** The user is old in Redis, for a tag that is lost and of which the outbox knows nothing any more. */
  async function makeStale(id: number): Promise<void> {
    await user(id);
    await rename(id);
    await drainNow(stack.current);
    await secondPass();
    await lose(`tag:user:${id}`);
  }

  test('finds that Redis has lost a tag of the first makes all stored answers invalid, and says so', async () => {
    await makeStale(3);
    expect(await user(3)).toEqual(OLD);
    await rename(4);
    await drainNow(stack.current);
    const before = await epoch();
    await lose('tag:user:4');
    await secondPass();
    expect(await epoch()).not.toBe(before);
    expect(await user(3)).toEqual(NEW);
    expect(forgotten()).toEqual([expect.stringContaining('"what":"tags"')]);
    expect(await told()).toEqual(['tags', 'tags']);
  });

  test('finds all tags of the first changes nothing', async () => {
    await user(3);
    await rename(4);
    await drainNow(stack.current);
    const before = await epoch();
    await secondPass();
    expect(await epoch()).toBe(before);
    expect(forgotten()).toEqual([]);
    expect(await told()).toEqual([undefined, undefined]);
  });

  test('comes after a first that said everything finds that, and looks for no other tag', async () => {
    await rename(4);
    await sql(stack.current, "insert into cache_invalidations (tags) values ('{everything}')");
    await drainNow(stack.current);
    const before = await epoch();
    await secondPass();
    expect(await epoch()).toBe(before);
    await rename(3);
    await sql(stack.current, "insert into cache_invalidations (tags) values ('{everything}')");
    await drainNow(stack.current);
    await lose('tag:everything');
    await secondPass();
    expect(await epoch()).not.toBe(before);
    expect(forgotten()).toHaveLength(1);
  });

  test('comes when tags have died of age says nothing', async () => {
    await rename(4);
    await drainNow(stack.current);
    await lose('tag:user:4');
    await ageOutbox(stack.current, 2 * 3_600);
    await drainNow(stack.current);
    expect(forgotten()).toEqual([]);
  });
});

describe('an isolate that has seen a later time than Redis has', () => {
  /** Redis as it was, restored: the clock, the entries and the tags of then. */
  async function dump(): Promise<() => Promise<void>> {
    const keys = await redisKeys(stack.current);
    const strings = await Promise.all(
      keys
        .filter((key) => !key.includes(':entry:'))
        .map(async (key) => [key, String(await redis(stack.current, 'GET', key))] as const),
    );
    const entries = await Promise.all(
      keys
        .filter((key) => key.includes(':entry:'))
        .map(async (key) => [key, (await redis(stack.current, 'HGETALL', key)) as string[]] as const),
    );
    return async () => {
      await emptyRedis(stack.current);
      for (const [key, value] of strings) await redis(stack.current, 'SET', key, value);
      for (const [key, fields] of entries) await redis(stack.current, 'HSET', key, ...fields);
    };
  }

  test('ends what a restored dump brought back, with its first read, and says so', async () => {
    const here = isolate();
    await user(3, here);
    const restore = await dump();
    await rename(3);
    await drainNow(stack.current);
    expect(await user(3, here)).toEqual(NEW);
    await restore();
    expect(await user(3)).toEqual(OLD);
    expect(await user(3, here)).toEqual(NEW);
    expect(await user(3)).toEqual(NEW);
    expect(forgotten()).toEqual([expect.stringContaining('"what":"time"')]);
    expect(await told()).toEqual(['time', 'time']);
  });

  test('has seen it in a hit as well', async () => {
    const here = isolate();
    await user(3);
    const restore = await dump();
    await user(4);
    expect(await user(3, here)).toEqual(OLD);
    await restore();
    await user(3, here);
    expect(forgotten()).toHaveLength(1);
  });

  test('says so of a clock that is gone, once', async () => {
    const here = isolate();
    await user(3, here);
    await emptyRedis(stack.current);
    await user(3, here);
    await user(3, here);
    expect(forgotten()).toEqual([expect.stringContaining('"what":"time"')]);
  });

  test('takes a later epoch for what it is', async () => {
    const here = isolate();
    await user(3, here);
    await lose('clock');
    await user(3);
    await user(3, here);
    expect(forgotten()).toEqual([]);
  });
});

test('what somebody else wrote in the place of a loss is none', async () => {
  await user(3);
  await redis(stack.current, 'SET', keyOf('forgot'), 'garbage');
  expect(await told()).toEqual([undefined, undefined]);
  await lose('forgot');
  await redis(stack.current, 'RPUSH', keyOf('forgot'), 'x');
  expect(await told()).toEqual([undefined, undefined]);
});
