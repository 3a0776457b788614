import { expect, test } from 'vitest';
import { countBytes } from '../../bench/allocation.ts';
import { FLOOR } from '../../bench/sides/our-look-up.ts';

test('a hit in memory, at a time that is known, allocates nothing', async () => {
  const bytes = await countBytes(new URL('../../bench/sides/our-memory.ts', import.meta.url));
  expect(bytes.get('ours')).toBe(0);
});

test('a hit by the public look-up allocates no more than an async function around lru-cache', async () => {
  const bytes = await countBytes(new URL('../../bench/sides/our-look-up.ts', import.meta.url));
  expect(bytes.get('ours')).toBeGreaterThan(0);
  expect(bytes.get('ours')).toBeLessThanOrEqual(bytes.get(FLOOR) ?? 0);
});
