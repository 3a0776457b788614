import { expect, test } from 'vitest';
import { drain, type Outbox, type OutboxRow } from '../../src/cache/drain.ts';
import { LONGEST_LIFE_MS } from '../../src/cache/shared/entry-bounds.ts';
import { makeFakeCache } from '../support/cache/fake-cache.ts';

interface FakeOutbox extends Outbox {
  readonly calls: unknown[][];
}

function outboxOf(given: OutboxRow[]): FakeOutbox {
  const calls: unknown[][] = [];
  let rows = given;
  return {
    calls,
    selectDue: async (limit) => rows.slice(0, limit),
    async collapse(limit) {
      const gone = rows.slice(0, limit);
      calls.push(['collapse', gone.length]);
      rows = [...rows.slice(limit), row(1_000_000 + calls.length, ['everything'])];
      return gone.length;
    },
    markInvalidated: async (ids) => void calls.push(['mark', ...ids]),
    delete: async (ids) => void calls.push(['delete', ...ids]),
  };
}

const row = (id: number, tags: string[], invalidatedAgoMs: number | null = null) => ({
  id,
  tags,
  invalidatedAgoMs,
});

test('an empty outbox costs no invalidation', async () => {
  const cache = makeFakeCache();
  const outbox = outboxOf([]);
  await drain(cache, outbox);
  expect(cache.shared.invalidated).toEqual([]);
  expect(outbox.calls).toEqual([]);
});

test('a tag that cannot be read is everything', async () => {
  const cache = makeFakeCache();
  Object.assign(cache.origin, { isTag: (text: string) => text.startsWith('user:') });
  await drain(cache, outboxOf([row(1, ['user:3']), row(2, ['dXNlcjo0'])]));
  expect(cache.shared.invalidated).toEqual([['everything']]);
});

test('new rows are invalidated and marked, and rows that were before are confirmed and deleted', async () => {
  const cache = makeFakeCache();
  const outbox = outboxOf([row(1, ['user:1']), row(2, ['user:2'], 12_000)]);
  await drain(cache, outbox);
  expect(cache.shared.invalidated).toEqual([['user:1', 'user:2']]);
  expect(outbox.calls).toEqual([
    ['delete', 2],
    ['mark', 1],
  ]);
});

test('repeated tags are invalidated once', async () => {
  const cache = makeFakeCache();
  await drain(cache, outboxOf([row(1, ['user:1']), row(2, ['user:1'])]));
  expect(cache.shared.invalidated).toEqual([['user:1']]);
});

test('rows stay when the shared store does not confirm', async () => {
  const cache = makeFakeCache();
  cache.shared.failure = new Error('ECONNREFUSED');
  const outbox = outboxOf([row(1, ['user:1'])]);
  await expect(drain(cache, outbox)).rejects.toThrow('ECONNREFUSED');
  expect(outbox.calls).toEqual([]);
});

test('many tags go in several calls', async () => {
  const cache = makeFakeCache();
  await drain(
    cache,
    outboxOf([
      row(
        1,
        Array.from({ length: 1_001 }, (_, i) => `user:${i}`),
      ),
    ]),
  );
  expect(cache.shared.invalidated.map((tags) => tags.length)).toEqual([1_000, 1]);
});

test('more tags than an invocation can tell become everything, and the rows are marked as ever', async () => {
  const cache = makeFakeCache();
  const outbox = outboxOf([
    row(
      1,
      Array.from({ length: 20_001 }, (_, i) => `user:${i}`),
    ),
    row(2, ['user:1']),
  ]);
  await drain(cache, outbox);
  expect(cache.shared.invalidated).toEqual([['everything']]);
  expect(outbox.calls).toEqual([['mark', 1, 2]]);
});

test('many rows of few tags are told tag by tag', async () => {
  const cache = makeFakeCache();
  const outbox = outboxOf(
    Array.from({ length: 10_001 }, (_, id) => row(id, ['account:1', `user:${id % 9}`])),
  );
  await drain(cache, outbox);
  expect(cache.shared.invalidated).toEqual([
    ['account:1', ...Array.from({ length: 9 }, (_, id) => `user:${id}`)],
  ]);
  expect(outbox.calls.map(([what]) => what)).toEqual(['mark']);
});

test('rows that are told together are marked and deleted one as the other', async () => {
  const outbox = outboxOf([
    { ...row(1, ['user:1']), further: [4, 5] },
    { ...row(2, ['user:1'], 12_000), further: [3] },
  ]);
  expect(await drain(makeFakeCache(), outbox)).toMatchObject({ rows: 5, tags: 1 });
  expect(outbox.calls).toEqual([
    ['delete', 2, 3],
    ['mark', 1, 4, 5],
  ]);
});

test('more rows than a drain looks at are a backlog, whatever their tags', async () => {
  const cache = makeFakeCache();
  const further = Array.from({ length: 50_000 }, (_, id) => id + 2);
  await drain(cache, outboxOf([{ ...row(1, ['user:1']), further }]));
  expect(cache.shared.invalidated).toEqual(twice);
});

// Before the outbox shrinks, for the readers, and after, for what came meanwhile.
const twice = [['everything'], ['everything']];

test('a backlog shrinks to one row, which invalidates everything once', async () => {
  const cache = makeFakeCache();
  const outbox = outboxOf(Array.from({ length: 20_000 }, (_, id) => row(id, [`user:${id}`])));
  await drain(cache, outbox);
  expect(cache.shared.invalidated).toEqual(twice);
  expect(outbox.calls).toEqual([
    ['collapse', 20_000],
    ['mark', 1_000_001],
  ]);
});

test('a backlog shrinks while the shared store is away, and its row stays', async () => {
  const cache = makeFakeCache();
  cache.shared.failure = new Error('ECONNREFUSED');
  const outbox = outboxOf(Array.from({ length: 20_000 }, (_, id) => row(id, [`user:${id}`])));
  await expect(drain(cache, outbox)).rejects.toThrow('ECONNREFUSED');
  expect(await outbox.selectDue(10)).toEqual([row(1_000_001, ['everything'])]);
  cache.shared.failure = null;
  await drain(cache, outbox);
  expect(cache.shared.invalidated).toEqual([['everything']]);
});

test('a backlog that comes to more than one step goes in several, and each invalidates everything', async () => {
  const cache = makeFakeCache();
  const outbox = outboxOf(Array.from({ length: 150_000 }, (_, id) => row(id, [`user:${id}`])));
  await drain(cache, outbox);
  expect(cache.shared.invalidated).toEqual(twice);
  expect(outbox.calls.slice(0, 2)).toEqual([
    ['collapse', 100_000],
    ['collapse', 50_001],
  ]);
});

test('a backlog that cannot shrink is invalidated all the same', async () => {
  const cache = makeFakeCache();
  const outbox = outboxOf(Array.from({ length: 20_000 }, (_, id) => row(id, [`user:${id}`])));
  const stuck = { ...outbox, collapse: () => Promise.reject(new Error('locked')) };
  await expect(drain(cache, stuck)).rejects.toThrow('locked');
  expect(cache.shared.invalidated).toEqual([['everything']]);
});

test('a full Redis keeps no tag: new rows stay new, and old ones are done', async () => {
  const cache = makeFakeCache();
  Object.assign(cache.shared, { invalidate: async () => null });
  const outbox = outboxOf([row(1, ['user:1']), row(2, ['user:2'], 12_000)]);
  await drain(cache, outbox);
  expect(outbox.calls).toEqual([['delete', 2]]);
});

test('the second pass looks for the tags of the first for as long as they live, and no longer', async () => {
  const cache = makeFakeCache();
  const looked: (readonly string[])[] = [];
  const { invalidate } = cache.shared;
  Object.assign(cache.shared, {
    invalidate: (tags: readonly string[], expected: readonly string[]) => {
      looked.push(expected);
      return invalidate(tags);
    },
  });
  const rows = [
    row(1, ['user:1']),
    row(2, ['user:2'], LONGEST_LIFE_MS - 1),
    row(3, ['user:3'], LONGEST_LIFE_MS),
  ];
  await drain(cache, outboxOf(rows));
  expect(looked).toEqual([['user:2']]);
});
