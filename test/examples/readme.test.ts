import { expect, test } from 'vitest';
import { readPage } from './blocks.ts';
import { readReadme } from './figures.ts';

/** What a reader takes in at one sitting. The page has 9 kB and 150 lines; the rest is room for what comes. */
const MAX_BYTES = 10_000;
const MAX_LINES = 165;

test('the README is short', () => {
  const readme = readPage('README.md');
  expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(MAX_BYTES);
  expect(readme.split('\n').length).toBeLessThanOrEqual(MAX_LINES);
});

test('the figures of the README are those of docs/performance.md', () => {
  const { present, wanted } = readReadme();
  expect(present, 'npm run docs:figures').toBe(wanted);
});
