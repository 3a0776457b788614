import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...globSync('docs/*.md', { cwd: ROOT })];
const scripts = ['.ci/run', ...globSync('{.,bench,bench/*}/package.json', { cwd: ROOT })];

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** GitHub's name of a heading, by which `#…` links find it. */
const anchorOf = (heading: string) =>
  heading
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .toLowerCase()
    .replaceAll(/\s/g, '-');

const anchorsOf = (path: string) =>
  read(path)
    .split('\n')
    .flatMap((line) => /^#+ (.*)$/.exec(line)?.[1] ?? [])
    .map(anchorOf);

const linksOf = (path: string) =>
  [...read(path).matchAll(/\]\((?!\w+:)([^)\s]*)\)/g)].map(([, link = '']) => link);

/** True if the file of the link exists and has the heading. */
function isWhole(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  return existsSync(join(ROOT, target)) && (!anchor || anchorsOf(target).includes(anchor));
}

/** Paths of files and folders of this repository that a text names; one with a wildcard is a pattern. */
const pathsOf = (text: string) =>
  [...text.matchAll(/(?<![\w/.@-])(?:src|test|bench|local|drizzle|examples|docs)\/[\w./*{},-]*/g)].map(
    ([path]) => path.replace(/[.,-]+$/, ''),
  );

const sources = globSync('{bench,drizzle,local,test}/**/*.{ts,mjs}', {
  cwd: ROOT,
  exclude: (path) => path.includes('node_modules'),
});

/** Files that a module finds by its own address, which no compiler checks. */
const besides = (source: string) =>
  [...read(source).matchAll(/new URL\(\s*'([^']+)',\s*import\.meta\.url/g)].map(([, path = '']) =>
    join(dirname(source), path),
  );

const isThere = (path: string) => globSync([path, `${path}.*`], { cwd: ROOT }).length > 0;

test('there are pages with links', () => {
  expect(pages.flatMap(linksOf).length).toBeGreaterThan(100);
  expect(scripts).toContain('bench/fleet/package.json');
});

test.each(pages)('every link of %s leads to a file and a heading', (page) => {
  expect(linksOf(page).filter((link) => !isWhole(page, link))).toEqual([]);
});

test.each([...pages, ...scripts])('every path that %s names exists', (page) => {
  expect(pathsOf(read(page)).filter((path) => !isThere(path))).toEqual([]);
});

test('every file that a module names relative to its own address exists', () => {
  const named = sources.flatMap(besides);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
