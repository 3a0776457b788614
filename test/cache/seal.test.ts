import { expect, test } from 'vitest';
import type { Fill, SharedEntry } from '../../src/cache/shared-store.ts';
import { makeSeal } from '../../src/cache/seal.ts';
import { isAuthentic, sealed } from '../../src/cache/sealed-entry.ts';
import { at } from './fake-cache.ts';

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
  ['at once', {}, 0, true],
  ['to the last ms of its fresh life', {}, FRESH_MS - 1, true],
  ['no longer as fresh after it', {}, FRESH_MS, false],
  ['past its fresh life, to the last ms of its whole life', past, LIFE_MS - 1, true],
  ['no longer after that', past, LIFE_MS, false],
  ['from an isolate whose clock is a little ahead', {}, -60_000, true],
  ['and not from one whose clock is far ahead', {}, -60_001, false],
])('an entry is authentic %s', async (_when, more, ageMs, expected) => {
  expect(await isAuthentic(seal, 'key:1', await stored(more), nowAt(ageMs))).toBe(expected);
});

test.each<[string, Partial<SharedEntry>]>([
  ['another as-of', { asOf: at(8) }],
  ['another payload', { payload: '{"id":2}' }],
  ['another tag', { tags: ['key:2'] }],
  ['no seal', { sealing: undefined }],
])('an entry with %s is not', async (_what, more) => {
  expect(await isAuthentic(seal, 'key:1', await stored(more), nowAt(0))).toBe(false);
});

test('an entry is not authentic under another name, by another secret or for another purpose', async () => {
  const entry = await stored();
  expect(await isAuthentic(seal, 'key:2', entry, nowAt(0))).toBe(false);
  for (const other of [makeSeal('another', 'tests'), makeSeal('a secret', 'else')]) {
    expect(await isAuthentic(other, 'key:1', entry, nowAt(0))).toBe(false);
  }
});

test('no part of what is sealed passes for the end of another', async () => {
  const { seal: text = '' } = await sealed(seal, 'key:1', { ...fill, tags: ['a'], payload: 'b' }, BORN_MS);
  const other = await sealed(seal, 'key:1', { ...fill, tags: ['a', 'b'], payload: '' }, BORN_MS);
  expect(other.seal).not.toBe(text);
});
