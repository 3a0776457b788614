import { globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readPage, ROOT } from './blocks.ts';

const examples = globSync('examples/**/*.{ts,mjs}', { cwd: ROOT }).map(readPage);
const blocks = [...readPage('docs/package.md').matchAll(/^```(?:ts|js)\n([^]*?)^```$/gm)].map(
  ([, code = '']) => code,
);

test('docs/package.md shows code of every entry point', () => {
  const named = blocks.flatMap((code) =>
    [...code.matchAll(/'(edge-accounts[\w/-]*)'/g)].map(([, name]) => name),
  );
  expect([...new Set(named)].toSorted()).toEqual(
    ['', '/client', '/hono', '/origin-worker', '/rpc', '/worker'].map((entry) => `edge-accounts${entry}`),
  );
});

test('all code of docs/package.md is part of an example', () => {
  expect(blocks.filter((code) => !examples.some((example) => example.includes(code)))).toEqual([]);
});
