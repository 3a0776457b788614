import { expect, test } from 'vitest';
import type { Fill, SharedEntry } from '../../../src/cache/shared/shared-store.ts';
import { makeSeal } from '../../../src/cache/shared/seal.ts';
import { authenticityOf, sealed } from '../../../src/cache/shared/sealed-entry.ts';
import { at, lookUpOf, makeFakeCache, readThrough } from '../../support/cache/fake-cache.ts';

const seal = makeSeal('a secret', 'tests');
const BORN_MS = 1_000_000;
const FRESH_MS = 300_000;
const LIFE_MS = 3_900_000;
const fill: Fill = {
  asOf: at(7),
  payload: '{"id":1}',
  tags: ['key:1'],
  freshMs: FRESH_MS,
  staleMs: LIFE_MS - FRESH_MS,
};

async function stored(more: Partial<SharedEntry> = {}): Promise<SharedEntry> {
  const { seal: text = '', ...filled } = await sealed(seal, 'key:1', fill, BORN_MS);
  const mac = text.replace(/^\d+:/, '');
  const sealing = { freshMs: FRESH_MS, lifeMs: LIFE_MS, bornMs: BORN_MS, mac };
  return { ...filled, freshMsLeft: 1, sealing, ...more };
}

const past = { freshMsLeft: -1 };
const nowAt = (ageMs: number) => BORN_MS + ageMs;

test.each([
  ['authentic', 'at once', {}, 0],
  ['authentic', 'to the last ms of its fresh life', {}, FRESH_MS - 1],
  ['outlived', 'as a fresh one after it', {}, FRESH_MS],
  ['outlived', 'for as long as clocks may differ', {}, FRESH_MS + 59_999],
  ['forged', 'once no clocks differ by so much', {}, FRESH_MS + 60_000],
  ['authentic', 'past its fresh life, to the last ms of its whole life', past, LIFE_MS - 1],
  ['outlived', 'after that', past, LIFE_MS],
  ['forged', 'once that is long ago', past, LIFE_MS + 60_000],
  ['authentic', 'from an isolate whose clock is a little ahead', {}, -60_000],
  ['forged', 'from one whose clock is far ahead', {}, -60_001],
])('an entry is %s %s', async (expected, _when, more, ageMs) => {
  expect(await authenticityOf(seal, 'key:1', await stored(more), nowAt(ageMs))).toBe(expected);
});

test.each<[string, Partial<SharedEntry>]>([
  ['another as-of', { asOf: at(8) }],
  ['another payload', { payload: '{"id":2}' }],
  ['another tag', { tags: ['key:2'] }],
  ['no seal', { sealing: undefined }],
])('an entry with %s is forged, however old', async (_what, more) => {
  for (const ageMs of [0, FRESH_MS]) {
    expect(await authenticityOf(seal, 'key:1', await stored(more), nowAt(ageMs))).toBe('forged');
  }
});

test('an entry is forged under another name, by another secret or for another purpose', async () => {
  const entry = await stored();
  expect(await authenticityOf(seal, 'key:2', entry, nowAt(0))).toBe('forged');
  for (const other of [makeSeal('another', 'tests'), makeSeal('a secret', 'else')]) {
    expect(await authenticityOf(other, 'key:1', entry, nowAt(0))).toBe('forged');
  }
});

test.each<[string, Partial<SharedEntry>, number, string[]]>([
  ['sound is a hit', {}, 0, []],
  ['a little too old is a miss, and no more is said', {}, FRESH_MS, []],
  ['far too old is a miss, and is told', {}, 2 * FRESH_MS, ['shared_entry_not_authentic']],
  ['another’s is a miss, and is told', { payload: '{"id":2}' }, 0, ['shared_entry_not_authentic']],
  [
    'another’s and too old is told as well',
    { payload: '{"id":2}' },
    FRESH_MS,
    ['shared_entry_not_authentic'],
  ],
])('a sealed entry that is %s', async (_what, more, ageMs, logged) => {
  const cache = makeFakeCache();
  await cache.clock.advance(nowAt(ageMs) - cache.clock.now());
  const entry = await stored(more);
  cache.shared.next = [{ status: 'hit', entry, validAt: entry.asOf }];
  const lookUp = { ...lookUpOf({ id: 3 }), key: 'key:1', decidesRights: true };
  const isHit = ageMs === 0 && logged.length === 0;
  expect(await readThrough(cache, lookUp)).toEqual({ id: isHit ? 1 : 3 });
  expect(cache.shared.reads.map(({ mode }) => mode)).toEqual(isHit ? ['any'] : ['any', 'drop']);
  expect(cache.logged).toEqual(logged);
});

test('no part of what is sealed passes for the end of another', async () => {
  const { seal: text = '' } = await sealed(seal, 'key:1', { ...fill, tags: ['a'], payload: 'b' }, BORN_MS);
  const other = await sealed(seal, 'key:1', { ...fill, tags: ['a', 'b'], payload: '' }, BORN_MS);
  expect(other.seal).not.toBe(text);
});
