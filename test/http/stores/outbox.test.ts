import { expect, test } from 'vitest';
import {
  ageOutbox,
  drainNow,
  get,
  newIsolate,
  redis,
  redisKeys,
  sql,
  useSeedForEach,
  useStack,
} from '../../support/stack.ts';

const stack = useStack();
useSeedForEach(stack);

const lastName = async () => {
  const user: { lastName: string } = await (await get(newIsolate(stack.current), '/v1/users/1')).json();
  return user.lastName;
};
const rows = () =>
  sql<{ invalidated: boolean }>(
    stack.current,
    'select invalidated_at is not null as invalidated from cache_invalidations',
  );

test('a drained row is kept for ten seconds, and then deleted by a later drain', async () => {
  await sql(stack.current, "update users set last_name = 'A' where id = 1");
  await drainNow(stack.current);
  expect((await rows()).length).toBeGreaterThan(0);
  expect((await rows()).every(({ invalidated }) => invalidated)).toBe(true);
  await ageOutbox(stack.current, 9);
  await drainNow(stack.current);
  expect((await rows()).length).toBeGreaterThan(0);
  await ageOutbox(stack.current, 1);
  await drainNow(stack.current);
  expect(await rows()).toEqual([]);
});

test('what a failover of Redis lost is invalidated again, ten seconds after', async () => {
  expect(await lastName()).toBe('');
  await sql(stack.current, "update users set last_name = 'B' where id = 1");
  await drainNow(stack.current);
  for (const key of await redisKeys(stack.current, 'tag:')) await redis(stack.current, 'DEL', key);
  expect(await lastName()).toBe('');
  await ageOutbox(stack.current);
  await drainNow(stack.current);
  expect(await lastName()).toBe('B');
});

test('a row that comes while others are confirmed is not deleted with them', async () => {
  await sql(stack.current, "update users set last_name = 'C' where id = 1");
  await drainNow(stack.current);
  await ageOutbox(stack.current);
  await sql(stack.current, "update users set last_name = 'D' where id = 1");
  await drainNow(stack.current);
  expect(await rows()).toEqual([{ invalidated: true }]);
  expect(await lastName()).toBe('D');
});

test('a drain of nothing costs Redis nothing', async () => {
  await drainNow(stack.current);
  await ageOutbox(stack.current);
  await drainNow(stack.current);
  const keys = await redisKeys(stack.current, 'clock');
  const before = await redis(stack.current, 'GET', keys[0] ?? '');
  await drainNow(stack.current);
  expect(await redis(stack.current, 'GET', keys[0] ?? '')).toBe(before);
});
