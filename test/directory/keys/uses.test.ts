import { expect, test } from 'vitest';
import { makeKeyUses, USE_RESOLUTION_MS } from '../../../src/directory/keys/uses.ts';

test('a use is noted once within the resolution, key by key', () => {
  const uses = makeKeyUses();
  expect(uses.take(1, 1_000)).toBe(true);
  expect(uses.take(1, 1_000)).toBe(false);
  expect(uses.take(2, 1_000)).toBe(true);
  expect(uses.take(1, 999 + USE_RESOLUTION_MS)).toBe(false);
  expect(uses.take(1, 1_000 + USE_RESOLUTION_MS)).toBe(true);
  expect(uses.take(1, 1_001 + USE_RESOLUTION_MS)).toBe(false);
});

test('a clock that is set back does not put the next note off', () => {
  const uses = makeKeyUses();
  expect(uses.take(1, 1_000_000_000)).toBe(true);
  expect(uses.take(1, 5)).toBe(true);
  expect(uses.take(1, 6)).toBe(false);
});

test('past its bound the key noted longest ago is forgotten', () => {
  const uses = makeKeyUses(3);
  for (const id of [1, 2, 3]) expect(uses.take(id, id)).toBe(true);
  expect(uses.take(1, USE_RESOLUTION_MS + 1)).toBe(true);
  expect(uses.take(4, USE_RESOLUTION_MS + 1)).toBe(true);
  expect([1, 3, 4].map((id) => uses.take(id, USE_RESOLUTION_MS + 1))).toEqual([false, false, false]);
  expect(uses.take(2, USE_RESOLUTION_MS + 1)).toBe(true);
});
