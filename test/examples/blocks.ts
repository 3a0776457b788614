import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const readPage = (page: string) => readFileSync(join(ROOT, page), 'utf8');

const [, map = ''] = readPage('README.md').split('\n## The docs\n');

/** The pages of docs, in the order of the README's map. */
export const mapOfDocs = [...map.matchAll(/\((docs\/[\w-]+\.md)\)/g)].map(([, page = '']) => page);

/** Every page for readers, in reading order. */
export const pagesInOrder = ['README.md', ...mapOfDocs, 'CONTRIBUTING.md', 'CHANGELOG.md'];

export const pagesOfDocs = globSync('docs/*.md', { cwd: ROOT });

/** A block of commands on a page: of `sh`, or of `console` with what each command prints. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: 'sh' | 'console';
  /** False for blocks that are marked `no-run`. */
  readonly isRun: boolean;
  readonly text: string;
}

const BLOCK = /^( *)```(sh|console)( no-run)?\n([^]*?)^ *```$/gm;

export function blocksOf(page: string): Block[] {
  const source = readPage(page);
  return [...source.matchAll(BLOCK)].map((match) => {
    const [, indent = '', language, mark, text = ''] = match;
    return {
      page,
      line: source.slice(0, match.index).split('\n').length,
      language: language === 'sh' ? 'sh' : 'console',
      isRun: mark === undefined,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    };
  });
}
