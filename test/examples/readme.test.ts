import { expect, test } from 'vitest';
import { readPage } from './blocks.ts';
import { readReadme } from './figures.ts';

/** The page has 9 kB and 150 lines, which a reader takes in at one sitting. The rest is room for what comes. */
const MAX_BYTES = 10_000;
const MAX_LINES = 165;

test('the README is short', () => {
  const readme = readPage('README.md');
  expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(MAX_BYTES);
  expect(readme.split('\n').length).toBeLessThanOrEqual(MAX_LINES);
});

test('the compiler has checked every line of code in the README', () => {
  const linesOf = (text: string) => text.split('\n').flatMap((line) => line.trim() || []);
  const blocks = [...readPage('README.md').matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => code);
  expect(blocks.length).toBe(3);
  const checked = linesOf(readPage('test/shapes/readme.ts'));
  expect(blocks.flatMap(linesOf).filter((line) => !checked.includes(line))).toEqual([]);
});

test('the figures of the README are those of docs/performance.md', () => {
  const { present, wanted } = readReadme();
  expect(present, 'npm run docs:figures').toBe(wanted);
});
