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

/** The share of the lifetime after which a hit in memory asks Redis for news. */
const POLL_SHARE = 1 / 2;

/** In words: the lifetime of memory, and what a change by anybody else takes under traffic besides the drain itself. */
interface Times {
  readonly memory: string;
  readonly traffic: string;
}

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
  const [memoryS = 0, everyS = 0] = ['MEMORY_TTL_MS', 'DRAIN_EVERY_MS'].map(
    (name) => Number(vars[name]) / 1_000,
  );
  const times = { memory: `${memoryS} s`, traffic: `${everyS + POLL_SHARE * memoryS + memoryS} s` };
  const rows = Object.values<Bound>(bounds).map((bound) => toCells(bound, times));
  requireEveryMinute(triggers.crons ?? []);
  return `${table([HEAD, ...rows])}

${memoryS} s is \`MEMORY_TTL_MS\`. The next drain comes with a read: ${everyS} s after the last one (\`DRAIN_EVERY_MS\`), the next request to Redis sets
it off, from whichever isolate. While there are hits in memory that is at most ${POLL_SHARE * memoryS} s later, so that a change is seen within
${everyS} + ${POLL_SHARE * memoryS} + ${memoryS} s and the time of the drain. A drain that fails or dies delays the next by 10 s at most. Without traffic the cron fires
the drain once a minute (\`npm run dev\` every 5 s), and a change is seen within 60 s, the time of the drain, and ${memoryS} s.
`;
}

function requireEveryMinute(crons: readonly string[]): void {
  if (crons.join() !== '* * * * *') throw new Error('the bound speaks of a drain once a minute');
}

function toCells({ writer, reader, up, away, back }: Bound, times: Times): string[] {
  return [writer, reader, ...[up, away, back].map((wait) => wordsFor(wait, times))];
}

function wordsFor(wait: Wait, { memory, traffic }: Times): string {
  if (wait === 'nothing') return 'at once';
  if (wait === 'read-and-drain-and-memory') return `within ${traffic} and the drain`;
  return wait === 'memory' ? `within ${memory}` : `within ${memory} of the next drain`;
}

function table([head = [], ...rows]: string[][]): string {
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at]?.length ?? 0)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(PAGE, (await readPage()).wanted);
