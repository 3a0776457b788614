import { beforeEach, describe, expect, test } from 'vitest';
import { scripts } from '../../src/cache/shared/scripts/scripts.ts';
import { sampled } from '../support/scale.ts';
import { found, see } from '../support/seen.ts';
import { ageOutbox, drainNow, newIsolate, redis, redisKeys, sql, useStack } from '../support/stack.ts';
import { holdNext } from './held-requests.ts';

const stack = useStack();

const MARK = /update .{0,2}cache_invalidations/;
// Between the answer to one step and the next step a drain asks nobody anything: these are all its places.
const places = [
  { place: 'is about to look', request: /select[^]*cache_invalidations/, point: 'unsent' },
  { place: 'is about to invalidate', request: scripts.invalidate, point: 'unsent' },
  { place: 'is about to delete', request: /delete from .{0,2}cache_invalidations/, point: 'unsent' },
  { place: 'is about to mark', request: MARK, point: 'unsent' },
  { place: 'has marked', request: MARK, point: 'answered' },
] as const;
const pairs = places.flatMap((first) => places.map((second) => ({ first, second })));

let count = 0;
let name = '';

const rename = (id: number) => sql(stack.current, `update users set first_name = '${name}' where id = ${id}`);
const user = (id: number) => see(newIsolate(stack.current), `/v1/users/${id}`);
const rows = () =>
  sql<{ tags: string[] }>(
    stack.current,
    'select tags from cache_invalidations where invalidated_at is not null order by id',
  );

async function toldAt(tag: string): Promise<number> {
  const [key = ''] = await redisKeys(stack.current, `tag:${tag}`);
  return Number(String(await redis(stack.current, 'GET', key)).split(':')[1]);
}

// One row is due for its second invalidation and one for its first; everybody's old answers are shared.
beforeEach(async () => {
  name = `n${++count}`;
  await sql(stack.current, 'delete from cache_invalidations');
  await rename(1);
  await drainNow(stack.current);
  await ageOutbox(stack.current);
  for (const id of [2, 3, 4]) await user(id);
  await rename(2);
});

describe.each(sampled(pairs, 6))('one $first.place while another $second.place', ({ first, second }) => {
  test('every row is invalidated twice before it goes, and none is lost', async () => {
    const firstHeld = holdNext(stack.current, first.request, first.point);
    const firstDrain = drainNow(newIsolate(stack.current));
    await Promise.race([firstHeld.reached, firstDrain]);
    await rename(3);
    const secondHeld = holdNext(stack.current, second.request, second.point);
    const secondDrain = drainNow(newIsolate(stack.current));
    // The second drain may skip rows that the first has deleted or marked.
    await Promise.race([secondHeld.reached, secondDrain]);
    await rename(4);
    firstHeld.letGo();
    await firstDrain;
    secondHeld.letGo();
    await secondDrain;

    await drainNow(stack.current);
    for (const id of [2, 3, 4]) expect(await user(id)).toEqual(found({ firstName: name }));
    expect((await rows()).flatMap(({ tags }) => tags)).toEqual(
      expect.arrayContaining(['user:2', 'user:3', 'user:4']),
    );
    const before = await Promise.all([2, 3, 4].map((id) => toldAt(`user:${id}`)));
    await ageOutbox(stack.current);
    await drainNow(stack.current);
    for (const [at, id] of [2, 3, 4].entries()) {
      expect(await toldAt(`user:${id}`)).toBeGreaterThan(before[at] ?? Number.NaN);
    }
    expect(await rows()).toEqual([]);
  });
});

test.each(places)('a drain that $place and hangs leaves its rows to the next', async ({ request, point }) => {
  const held = holdNext(stack.current, request, point);
  const hanging = drainNow(newIsolate(stack.current));
  await Promise.race([held.reached, hanging]);
  await drainNow(stack.current);
  expect(await user(2)).toEqual(found({ firstName: name }));
  const before = await toldAt('user:2');
  await ageOutbox(stack.current);
  await drainNow(stack.current);
  expect(await toldAt('user:2')).toBeGreaterThan(before);
  expect(await rows()).toEqual([]);
  held.letGo();
  await hanging;
});
