import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describeMachine } from './machine.ts';
import type { Result } from './question.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = `${ROOT}docs/performance.md`;
const SECTION = /(<!-- bench: npm run bench -->\n)[^]*?(<!-- \/bench -->)/;
const HEAD = ['question', 'measure', 'ours', 'peers', 'ratio', 'target', 'met'];

/** The results as a Markdown table. */
export function describeResults(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.question,
    result.measure,
    result.ours,
    result.peers,
    result.ratio,
    result.target,
    wordFor(result.met),
  ]);
  const widths = HEAD.map((_, at) => Math.max(...[HEAD, ...rows].map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function wordFor(met: boolean | null): string {
  if (met === null) return 'timed';
  return met ? 'yes' : 'NO';
}

/** Puts the table between its marks in docs/performance.md. */
export async function writePage(results: readonly Result[]): Promise<void> {
  const present = await readFile(PAGE, 'utf8');
  if (!SECTION.test(present)) throw new Error('docs/performance.md has no section of the benchmark');
  const section = `${describeMachine()}.\n\n${describeResults(results)}`;
  const wanted = present.replace(
    SECTION,
    (_, begin: string, end: string) => `${begin}\n${section}\n\n${end}`,
  );
  await writeFile(PAGE, wanted);
  spawnSync('oxfmt', [PAGE], { cwd: ROOT, stdio: 'inherit' });
  spawnSync('npm', ['run', 'docs:figures'], { cwd: ROOT, stdio: 'inherit' });
}
