import { expect, test } from 'vitest';
import { makeMemory, type MemoryEntry } from '../../../src/cache/memory/memory.ts';

const epoch = '0123456789abcdef';
const settings = { maxBytes: 64 * 1024, ttlMs: 5_000 };

function entry(memory: ReturnType<typeof makeMemory>, more: Partial<MemoryEntry> = {}): MemoryEntry {
  const order = memory.invalidations.nextOrder();
  return {
    value: 1,
    tags: ['user:1'],
    asOf: { epoch, n: 1 },
    validAtN: more.asOf?.n ?? 1,
    sentAtMs: 0,
    freshMs: 300_000,
    order,
    bytes: 100,
    hits: 0,
    checked: -1,
    ...more,
  };
}

test('an entry lives from when its read was sent, not from when it was kept', () => {
  const memory = makeMemory(settings);
  memory.set('k', entry(memory, { sentAtMs: 0 }), 3_000);
  expect(memory.get('k', 4_999)?.value).toBe(1);
  expect(memory.get('k', 5_000)).toBeUndefined();
});

test('a hit does not extend a life', () => {
  const memory = makeMemory(settings);
  memory.set('k', entry(memory), 0);
  memory.get('k', 4_000);
  expect(memory.get('k', 5_001)).toBeUndefined();
});

test('an expired answer is not kept', () => {
  const memory = makeMemory(settings);
  expect(memory.set('k', entry(memory, { sentAtMs: 0 }), 5_000)).toBe(false);
});

test('an older as-of never overwrites a newer one', () => {
  const memory = makeMemory(settings);
  const old = entry(memory, { asOf: { epoch, n: 1 }, value: 'old' });
  memory.set('k', entry(memory, { asOf: { epoch, n: 2 }, value: 'new' }), 0);
  expect(memory.set('k', old, 0)).toBe(false);
  expect(memory.get('k', 0)?.value).toBe('new');
});

test('where as-ofs do not compare, the read that was sent later wins', () => {
  const memory = makeMemory(settings);
  const early = entry(memory, { asOf: null, value: 'early' });
  const late = entry(memory, { value: 'late' });
  memory.set('k', late, 0);
  expect(memory.set('k', early, 0)).toBe(false);
  expect(memory.get('k', 0)?.value).toBe('late');
});

test('an invalidation of this isolate ends what was kept before it', () => {
  const memory = makeMemory(settings);
  memory.set('k', entry(memory), 0);
  memory.invalidations.add(['user:1'], 0);
  expect(memory.get('k', 0)).toBeUndefined();
});

test('an invalidation of this isolate refuses answers of reads sent before it', () => {
  const memory = makeMemory(settings);
  const inFlight = entry(memory);
  memory.invalidations.add(['user:1'], 0);
  expect(memory.set('k', inFlight, 0)).toBe(false);
});

test('an invalidation spares answers with other tags and later reads', () => {
  const memory = makeMemory(settings);
  memory.set('other', entry(memory, { tags: ['user:2'] }), 0);
  memory.invalidations.add(['user:1'], 0);
  memory.set('k', entry(memory), 0);
  expect(memory.get('other', 0)).toBeDefined();
  expect(memory.get('k', 0)).toBeDefined();
});

test('everything is a tag of every answer', () => {
  const memory = makeMemory(settings);
  memory.set('k', entry(memory), 0);
  memory.invalidations.add(['everything'], 0);
  expect(memory.get('k', 0)).toBeUndefined();
});

test('more tags than are worth remembering invalidate everything', () => {
  const memory = makeMemory(settings);
  memory.set('k', entry(memory), 0);
  memory.invalidations.add(
    Array.from({ length: 10_001 }, (_, i) => `user:${i + 100}`),
    0,
  );
  expect(memory.get('k', 0)).toBeUndefined();
});

test('an entry that was read later than it is says nothing of its age, and goes', () => {
  const memory = makeMemory(settings);
  memory.set('k', entry(memory, { sentAtMs: 100_000 }), 100_000);
  expect(memory.get('k', 98_000)).toBeUndefined();
  expect(memory.get('k', 100_000)).toBeUndefined();
});

test('requests whose clocks stand a little apart share entries', () => {
  const memory = makeMemory(settings);
  memory.set('k', entry(memory, { sentAtMs: 100_000 }), 100_000);
  expect(memory.get('k', 99_990)).toBeDefined();
});

test('a request whose clock is seconds behind costs the others nothing', () => {
  const memory = makeMemory({ ...settings, maxBytes: 2 ** 20 });
  const names = Array.from({ length: 1_000 }, (_, i) => `k${i}`);
  for (const name of names) memory.set(name, entry(memory, { sentAtMs: 100_000 }), 100_000);
  for (const behindMs of [1_001, 3_000, 1_001]) memory.get('k', 100_000 - behindMs);
  expect(names.filter((name) => !memory.get(name, 100_000))).toEqual([]);
});

test.each([1_001, 3_000])('what was read before the clock was set back by %s ms lives no longer', (byMs) => {
  const memory = makeMemory(settings);
  memory.set('before', entry(memory, { sentAtMs: 100_000 }), 100_000);
  const inFlight = entry(memory, { sentAtMs: 100_000 });
  memory.get('another', 100_000 - byMs);
  memory.set('in flight', inFlight, 100_000);
  for (const name of ['before', 'in flight']) {
    expect(memory.peek(name, 104_999 - byMs)?.fault).toBeNull();
    expect(memory.peek(name, 105_000 - byMs)?.fault).toBe('clock-stepped-back');
    expect(memory.get(name, 105_000 - byMs)).toBeUndefined();
  }
});

test('what was read before the clock was set back by an hour is not there when the hour is over', () => {
  const memory = makeMemory(settings);
  memory.set('k', entry(memory, { sentAtMs: 4_000_000 }), 4_000_000);
  memory.get('another', 400_000);
  memory.get('another', 3_999_999);
  expect(memory.get('k', 4_000_001)).toBeUndefined();
});

test('what is read after the clock was set back lives its whole life', () => {
  const memory = makeMemory(settings);
  memory.get('another', 4_000_000);
  memory.get('another', 400_000);
  memory.set('k', entry(memory, { sentAtMs: 400_000 }), 400_000);
  expect(memory.get('k', 404_999)?.value).toBe(1);
  expect(memory.get('k', 405_000)).toBeUndefined();
});

test('two steps back that follow each other are held against an entry together', () => {
  const memory = makeMemory(settings);
  memory.set('k', entry(memory, { sentAtMs: 100_000 }), 100_000);
  memory.get('another', 98_000);
  memory.get('another', 96_000);
  expect(memory.peek('k', 101_000)?.fault).toBe('clock-stepped-back');
});

test('an invalidation by a request that is behind the one who read is remembered until that answer has expired', () => {
  const memory = makeMemory(settings);
  memory.set('k', entry(memory, { sentAtMs: 100_000 }), 100_000);
  memory.invalidations.add(['user:1'], 99_100);
  memory.invalidations.add(['user:2'], 104_500);
  expect(memory.get('k', 104_500)).toBeUndefined();
});

test('memory is bounded by bytes', () => {
  const memory = makeMemory(settings);
  for (let i = 0; i < 100; i++) memory.set(`k${i}`, entry(memory, { bytes: 3_000 }), 0);
  expect(memory.get('k0', 0)).toBeUndefined();
  expect(memory.get('k99', 0)).toBeDefined();
});

test('an answer that would push out most others is not kept', () => {
  const memory = makeMemory(settings);
  expect(memory.set('k', entry(memory, { bytes: 10_000 }), 0)).toBe(false);
});

test('a peek finds what get would, and why get would not answer it', () => {
  const memory = makeMemory(settings);
  expect(memory.peek('k', 0)).toBeUndefined();
  memory.set('k', entry(memory), 0);
  expect(memory.peek('k', 4_999)).toMatchObject({ entry: { value: 1 }, fault: null });
  expect(memory.peek('k', 5_000)?.fault).toBe('expired');
  memory.invalidations.add(['user:1'], 0);
  expect(memory.peek('k', 0)?.fault).toBe('invalidated');
});

test('a peek at an entry that the clock stepped back behind leaves it where it is', () => {
  const memory = makeMemory(settings);
  memory.set('k', entry(memory, { sentAtMs: 10_000 }), 10_000);
  expect(memory.peek('k', 8_000)?.fault).toBe('clock-stepped-back');
  expect(memory.get('k', 10_000)?.value).toBe(1);
});

test('a peek removes nothing that has expired or is invalid', () => {
  const memory = makeMemory(settings);
  memory.set('k', entry(memory), 0);
  memory.peek('k', 5_000);
  expect(memory.get('k', 4_000)?.value).toBe(1);
});

test('a peek makes nothing more recent: the entry least recently read still goes first', () => {
  const memory = makeMemory({ ...settings, maxBytes: 16 * 1_000 });
  const bytes = 700;
  const names = Array.from({ length: 16 }, (_, i) => `k${i}`);
  for (const name of names) memory.set(name, entry(memory, { bytes }), 0);
  memory.peek('k0', 0);
  memory.set('one more', entry(memory, { bytes }), 0);
  expect(memory.peek('k0', 0)).toBeUndefined();
  expect(memory.peek('k1', 0)).toBeDefined();
});
