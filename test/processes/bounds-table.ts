import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { unstable_readConfig as readConfig } from 'wrangler';
import { type Bound, bounds, type Wait } from './bounds.ts';

const root = new URL('../../', import.meta.url);
const PAGE = new URL('docs/coherence.md', root);
const SECTION = /(<!-- bounds: npm run docs:bounds -->\n)[^]*?(<!-- \/bounds -->)/;

const HEAD = [
  'who writes',
  'who reads',
  'Redis answers',
  'Redis is away',
  'Redis was away at the write, and is back',
];

/** docs/coherence.md as it is, and as the bounds and wrangler.toml require it. */
export async function readPage(): Promise<{ present: string; wanted: string }> {
  const present = await readFile(PAGE, 'utf8');
  if (!SECTION.test(present)) throw new Error('docs/coherence.md has no section of bounds');
  const wanted = present.replace(
    SECTION,
    (_, begin: string, end: string) => `${begin}\n${describe()}\n${end}`,
  );
  return { present, wanted };
}

function describe(): string {
  const { vars, triggers } = readConfig({ config: fileURLToPath(new URL('wrangler.toml', root)) });
  const memory = `${Number(vars['MEMORY_TTL_MS']) / 1_000} s`;
  const rows = Object.values<Bound>(bounds).map((bound) => toCells(bound, memory));
  requireEveryMinute(triggers.crons ?? []);
  return `${table([HEAD, ...rows])}

${memory} is \`MEMORY_TTL_MS\`. The cron fires the drain once a minute (\`npm run dev\` every 5 s), so that a change that waits for
it is seen within 60 s, the time of the drain itself, and ${memory}.
`;
}

function requireEveryMinute(crons: readonly string[]): void {
  if (crons.join() !== '* * * * *') throw new Error('the bound speaks of a drain once a minute');
}

function toCells({ writer, reader, up, away, back }: Bound, memory: string): string[] {
  return [writer, reader, ...[up, away, back].map((wait) => wordsFor(wait, memory))];
}

function wordsFor(wait: Wait, memory: string): string {
  if (wait === 'nothing') return 'at once';
  return wait === 'memory' ? `within ${memory}` : `within ${memory} of the next drain`;
}

function table([head = [], ...rows]: string[][]): string {
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at]?.length ?? 0)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(PAGE, (await readPage()).wanted);
