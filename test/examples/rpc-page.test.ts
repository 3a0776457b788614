import { expect, test } from 'vitest';
import { readPage } from './blocks.ts';
import { readMethods } from './rpc-methods.ts';
import { readRpcPage, wordsFor } from './rpc-page.ts';

test('docs/rpc.md is what the class, the routes and the schemas say', async () => {
  const { present, wanted } = await readRpcPage();
  expect(withoutLayout(present), 'npm run docs:rpc').toBe(withoutLayout(wanted));
});

/** Without what the formatter puts between the cells of a table. */
const withoutLayout = (page: string) =>
  page.replaceAll(/ +(?=\|)|(?<=\|) +/g, '').replaceAll(/-+(?=\|)/g, '-');

const methods = new Map(readMethods().map((method) => [method.name, method]));

/** The ten look-ups of the README's table: the words for absence over HTTP and over RPC. */
const tenLookUps = [
  ...readPage('README.md').matchAll(/^\| `\/v1\/[^|]*\| ([^|]*?) *\| `(\w+)\([^|]*\| ([^|]*?) *\|$/gm),
].map(([, http = '', name = '', rpc = '']) => ({ name, http, rpc }));

test('the README’s table has the ten look-ups', () => {
  expect(new Set(tenLookUps.map(({ name }) => name)).size).toBe(10);
});

test.each(tenLookUps)('the README says of $name what docs/rpc.md says', ({ name, http, rpc }) => {
  const method = methods.get(name);
  if (!method) throw new Error(`there is no method ${name}`);
  const words = wordsFor(method);
  expect(wordsIn(http)).toEqual([words.http]);
  expect(wordsIn(rpc).toSorted()).toEqual(words.rpc.toSorted());
});

const wordsIn = (cell: string): string[] => cell.match(/\b(?:null|404|throws)\b/g) ?? [];
