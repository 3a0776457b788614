import { expect, test } from 'vitest';
import { forget } from '../../src/cache/forget.ts';
import { at, makeFakeCache } from '../support/cache/fake-cache.ts';

/** A cache whose shared store answers these places and numbers of deleted entries, one after the other. */
function cacheOf(replies: [next: string, deleted: number][]) {
  const cache = makeFakeCache();
  const asked: string[] = [];
  cache.shared.forget = async (_tags, _spent, place) => {
    asked.push(place);
    const [next, deleted] = replies[asked.length - 1] ?? ['0', 0];
    return { next, deleted };
  };
  return { cache, asked };
}

test('a store that looks at everything in one call is asked once', async () => {
  const { cache, asked } = cacheOf([['0', 5]]);
  expect(await forget(cache, ['user:1'], [])).toBe(true);
  expect(asked).toEqual(['0']);
});

test('another one is asked until a walk has found nothing more', async () => {
  const { cache, asked } = cacheOf([
    ['17', 1],
    ['4', 0],
    ['0', 1],
    ['17', 0],
    ['0', 0],
  ]);
  expect(await forget(cache, ['user:1'], [])).toBe(true);
  expect(asked).toEqual(['0', '17', '4', '0', '17']);
});

test('a store without an end is asked no more than an invocation may', async () => {
  const { cache, asked } = cacheOf(Array.from({ length: 1_000 }, () => ['1', 0]));
  expect(await forget(cache, ['user:1'], [])).toBe(false);
  expect(asked).toHaveLength(300);
});

test('a store that fails has not confirmed', async () => {
  const cache = makeFakeCache();
  cache.shared.failure = new Error('away');
  expect(await forget(cache, ['user:1'], [])).toBe(false);
});

test('what was invalidated leaves memory, and the rest stays', async () => {
  const cache = makeFakeCache();
  const { memory, clock } = cache;
  const entry = (tag: string) => ({
    value: tag,
    tags: [tag],
    asOf: at(1),
    validAtN: 1,
    sentAtMs: clock.now(),
    freshMs: 60_000,
    order: memory.invalidations.nextOrder(),
    bytes: 1,
    hits: 0,
    checked: -1,
  });
  for (const tag of ['user:1', 'user:2']) memory.set(tag, entry(tag), clock.now());
  memory.invalidations.add(['user:1'], clock.now());
  expect(memory.peek('user:1', clock.now())).toMatchObject({ fault: 'invalidated' });
  await forget(cache, ['user:1'], []);
  expect(memory.peek('user:1', clock.now())).toBeUndefined();
  expect(memory.peek('user:2', clock.now())).toMatchObject({ fault: null });
});
