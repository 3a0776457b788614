import { expect, test } from 'vitest';
import type { ReadDemands, Trace } from '../../src/cache/look-up.ts';
import { invalidate } from '../../src/cache/invalidate.ts';
import { readThrough, recall } from '../../src/cache/read-through.ts';
import { at, lookUpOf, makeFakeCache } from '../support/cache/fake-cache.ts';

const KEY = lookUpOf({}).key;

/** A cache that has read `value` once, and what follows when it is read again as the verbs read. */
async function makeFilled(...values: (object | null)[]) {
  const cache = makeFakeCache();
  const lookUp = lookUpOf(...values);
  await readThrough(cache, lookUp);
  const read = () => recall<object>(cache, KEY, {}) ?? readThrough(cache, lookUp);
  return { cache, lookUp, read };
}

test('what is in memory is recalled, by one promise for all', async () => {
  const { cache, lookUp } = await makeFilled({ id: 1 });
  const recalled = recall<object>(cache, KEY);
  expect(await recalled).toBe(await readThrough(cache, lookUp));
  expect(recall(cache, KEY)).toBe(recalled);
  expect(lookUp.loads).toBe(1);
});

test('nothing is recalled of what is not in memory, nor of what is known to be absent', async () => {
  expect(recall(makeFakeCache(), KEY)).toBeUndefined();
  const { cache } = await makeFilled(null);
  expect(recall(cache, KEY)).toBeUndefined();
});

test('nothing is recalled past its life, nor after an invalidation', async () => {
  const expired = await makeFilled({ id: 1 });
  await expired.cache.clock.advance(5_000);
  expect(recall(expired.cache, KEY)).toBeUndefined();
  const invalidated = await makeFilled({ id: 1 });
  await invalidate(invalidated.cache, ['user:1']);
  expect(recall(invalidated.cache, KEY)).toBeUndefined();
});

test.each<[string, ReadDemands]>([
  ['reload', { reload: true }],
  ['max-age 0', { maxAgeMs: 0 }],
  ['a later token', { token: at(1_000) }],
])('nothing is recalled against the demands: %s', async (_name, demands) => {
  const { cache } = await makeFilled({ id: 1 });
  const trace: Trace = {};
  expect(recall(cache, KEY, { ...demands, trace })).toBeUndefined();
  expect(trace).toMatchObject({ memory: { hit: false }, refused: true });
});

test('a recalled answer is traced as a hit', async () => {
  const { cache } = await makeFilled({ id: 1 });
  await cache.clock.advance(2_000);
  const trace: Trace = {};
  await recall(cache, KEY, { trace });
  expect(trace).toEqual({ memory: { hit: true, ttlMs: 3_000, ms: 0 } });
});

test('what is recalled often is hot, and refreshed in the last fifth of its life', async () => {
  const { cache, lookUp, read } = await makeFilled({ id: 1 }, { id: 2 });
  for (let turn = 0; turn < 3; turn++) await read();
  await cache.clock.advance(3_999);
  await read();
  expect(lookUp.loads).toBe(1);
  await cache.clock.advance(1);
  expect(await read()).toEqual({ id: 1 });
  await Promise.all(cache.pending);
  expect(lookUp.loads).toBe(2);
  expect(await read()).toEqual({ id: 2 });
});
