import { expect, test, vi } from 'vitest';
import type { LookUpDefinition, ReadDemands, Trace } from '../../src/cache/look-up.ts';
import { invalidate } from '../../src/cache/invalidate.ts';
import { readThrough } from '../../src/cache/read-through.ts';
import { at, makeFakeCache } from '../support/cache/fake-cache.ts';

/** A cache that has read the first value once, and what reads it again. */
async function makeFilled(...values: (object | null)[]) {
  const cache = makeFakeCache();
  const load = vi.fn<() => Promise<object | null>>(async () => values.shift() ?? null);
  const noteAbsent = vi.fn<(context: string, id: number) => void>();
  const lookUp: LookUpDefinition<string, number, object | null> = {
    kind: 0,
    key: (id) => `user:${id}`,
    // The tests' payloads are what the tests themselves stored.
    parse: (json) => json as object | null,
    isPossible: (id) => id > 0,
    load: async (_context, id) => ({ value: await load(), tags: [`user:${id}`] }),
    noteAbsent,
  };
  const read = (demands?: ReadDemands, id = 1) => readThrough(cache, lookUp, 'context', id, demands);
  await read();
  return { cache, load, noteAbsent, read };
}

test('all hits are answered by one promise, of what was loaded', async () => {
  const { load, read } = await makeFilled({ id: 1 });
  const first = read();
  expect(await first).toEqual({ id: 1 });
  expect(read()).toBe(first);
  expect(load).toHaveBeenCalledTimes(1);
});

test('what is known to be absent is a hit too, and every read of it is noted', async () => {
  const { load, noteAbsent, read } = await makeFilled(null);
  expect(noteAbsent).toHaveBeenCalledTimes(1);
  expect(await read()).toBeNull();
  expect(load).toHaveBeenCalledTimes(1);
  expect(noteAbsent.mock.calls).toEqual([
    ['context', 1],
    ['context', 1],
  ]);
});

test('what is there is not noted', async () => {
  const { noteAbsent, read } = await makeFilled({ id: 1 });
  await read();
  expect(noteAbsent).not.toHaveBeenCalled();
});

test('what there cannot be is absent, noted, and asked of nobody', async () => {
  const { cache, load, noteAbsent, read } = await makeFilled({ id: 1 }, { id: 2 });
  const asked = cache.shared.reads.length;
  expect(await read({}, -1)).toBeNull();
  expect(noteAbsent.mock.calls).toEqual([['context', -1]]);
  expect(load).toHaveBeenCalledTimes(1);
  expect(cache.shared.reads).toHaveLength(asked);
});

test('past its life, and after an invalidation, it is loaded anew', async () => {
  const expired = await makeFilled({ id: 1 }, { id: 2 });
  await expired.cache.clock.advance(5_000);
  expect(await expired.read()).toEqual({ id: 2 });
  const invalidated = await makeFilled({ id: 1 }, { id: 2 });
  await invalidate(invalidated.cache, ['user:1']);
  expect(await invalidated.read()).toEqual({ id: 2 });
});

test.each<[string, ReadDemands]>([
  ['reload', { reload: true }],
  ['max-age 0', { maxAgeMs: 0 }],
  ['a later token', { token: at(1_000) }],
])('no hit is answered against the demands: %s', async (_name, demands) => {
  const { read } = await makeFilled({ id: 1 }, { id: 2 });
  const trace: Trace = {};
  expect(await read({ ...demands, trace })).toEqual({ id: 2 });
  expect(trace).toMatchObject({ memory: { hit: false }, refused: true });
});

test('a hit is traced', async () => {
  const { cache, read } = await makeFilled({ id: 1 });
  await cache.clock.advance(2_000);
  const trace: Trace = {};
  await read({ trace });
  expect(trace).toEqual({ memory: { hit: true, ttlMs: 3_000, ms: 0 } });
});

test('what is hit often is hot, and refreshed in the last fifth of its life', async () => {
  const { cache, load, read } = await makeFilled({ id: 1 }, { id: 2 });
  for (let turn = 0; turn < 3; turn++) await read();
  await cache.clock.advance(3_999);
  await read();
  expect(load).toHaveBeenCalledTimes(1);
  await cache.clock.advance(1);
  expect(await read()).toEqual({ id: 1 });
  await Promise.all(cache.pending);
  expect(load).toHaveBeenCalledTimes(2);
  expect(await read()).toEqual({ id: 2 });
});
