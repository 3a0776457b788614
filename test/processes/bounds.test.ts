import { expect, test } from 'vitest';
import { readPage } from './bounds-table.ts';
import { testBounds } from './bounds-tests.ts';

testBounds({ isPlaced: false });

test('the table of docs/coherence.md is that of the bounds', async () => {
  const { present, wanted } = await readPage();
  expect(present).toBe(wanted);
});
