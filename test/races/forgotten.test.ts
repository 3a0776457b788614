import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Explanation } from '../../src/http/explain/schema.ts';
import { found, see } from '../support/seen.ts';
import {
  ageOutbox,
  drainNow,
  emptyRedis,
  get,
  newIsolate,
  redis,
  send,
  sql,
  type TestStack,
  useStack,
} from '../support/stack.ts';
import { startLagging } from './lagging-replica.ts';
import { useGrowthRefusal } from './refused-growth.ts';

const stack = useStack({ MEMORY_TTL_MS: '0' });
const refusal = useGrowthRefusal();
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
  await drainNow(isolate());
}

async function epoch(): Promise<string> {
  return String(await redis(stack.current, 'GET', keyOf('clock'))).split(':')[0] ?? '';
}

/** The loss that `/readyz` and `/v1/explain` report. */
async function told(): Promise<(string | undefined)[]> {
  const ready: { redis: Explanation['redis'] } = await (await send(isolate(), '/readyz')).json();
  const explained: Explanation = await (await get(isolate(), '/v1/explain?path=/v1/users/3')).json();
  return [ready.redis.forgot?.what, explained.redis.forgot?.what];
}

const forgotten = () => errors.filter((line) => line.includes('shared_store_forgot'));

beforeEach(async () => {
  await sql(stack.current, "update users set first_name = '' where id in (3, 4)");
  await drainNow(isolate());
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
    await drainNow(isolate());
    await secondPass();
    await lose(`tag:user:${id}`);
  }

  test('finds that Redis has lost a tag of the first makes all stored answers invalid, and says so', async () => {
    await makeStale(3);
    expect(await user(3)).toEqual(OLD);
    await rename(4);
    await drainNow(isolate());
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
    await drainNow(isolate());
    const before = await epoch();
    await secondPass();
    expect(await epoch()).toBe(before);
    expect(forgotten()).toEqual([]);
    expect(await told()).toEqual([undefined, undefined]);
  });

  test('comes after a first that said everything finds that, and looks for no other tag', async () => {
    await rename(4);
    await sql(stack.current, "insert into cache_invalidations (tags) values ('{everything}')");
    await drainNow(isolate());
    const before = await epoch();
    await secondPass();
    expect(await epoch()).toBe(before);
    await rename(3);
    await sql(stack.current, "insert into cache_invalidations (tags) values ('{everything}')");
    await drainNow(isolate());
    await lose('tag:everything');
    await secondPass();
    expect(await epoch()).not.toBe(before);
    expect(forgotten()).toHaveLength(1);
  });

  test('comes when tags have died of age says nothing', async () => {
    await rename(4);
    await drainNow(isolate());
    await lose('tag:user:4');
    await ageOutbox(stack.current, 2 * 3_600);
    await drainNow(isolate());
    expect(forgotten()).toEqual([]);
  });
});

describe('an isolate that has seen a later time than Redis has', () => {
  test('ends what a restored dump brought back, with its first read, and says so', async () => {
    const here = isolate();
    await user(3, here);
    const { failOver: restore } = await startLagging(stack.current);
    await rename(3);
    await drainNow(isolate());
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
    const { failOver: restore } = await startLagging(stack.current);
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

  test('says so of a Redis that is full and has no clock once, however often it reads', async () => {
    const here = isolate();
    await user(3, here);
    await lose('clock');
    const makeRoom = refusal.begin(stack.current, '');
    for (const id of [3, 4, 3, 4]) await user(id, here);
    makeRoom();
    expect(forgotten()).toEqual([expect.stringContaining('"what":"time"')]);
  });

  test('ends what an epoch from before has brought back, with its first read or invalidation', async () => {
    for (const act of [(on: TestStack) => user(4, on), drainNow]) {
      await emptyRedis(stack.current);
      await sql(stack.current, "update users set first_name = '' where id in (3, 4)");
      await drainNow(isolate());
      await secondPass();
      await user(3);
      const { failOver: restore } = await startLagging(stack.current);
      await lose('clock');
      const here = isolate();
      await user(5, here);
      await rename(3);
      await drainNow(isolate());
      await secondPass();
      await restore();
      expect(await user(3)).toEqual(OLD);
      await rename(4);
      await act(here);
      expect(await user(3)).toEqual(NEW);
    }
    expect(forgotten()).toHaveLength(2);
  });

  test('begins one epoch when the clock of Redis was set far back, and not one for each isolate', async () => {
    const isolates = [isolate(), isolate(), isolate()];
    for (const one of isolates) await user(3, one);
    const [name = '', n = ''] = String(await redis(stack.current, 'GET', keyOf('clock'))).split(':');
    const ahead = `${name}:${BigInt(n) + 3_600_000_000n}`;
    await redis(stack.current, 'SET', keyOf('clock'), ahead);
    for (const one of isolates) await user(3, one);
    expect(await redis(stack.current, 'GET', keyOf('clock'))).toBe(ahead);
    await user(4, isolates[0]);
    const begun = await epoch();
    expect(begun).not.toBe(name);
    for (const one of isolates) await user(4, one);
    expect(await epoch()).toBe(begun);
    expect(forgotten()).toEqual([]);
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
