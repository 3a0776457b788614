import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPage, ROOT } from './blocks.ts';

const SECTION = /(<!-- figures: npm run docs:figures -->\n)[^]*?(<!-- \/figures -->)/;

/** The README as it is, and as the tables of docs/performance.md require it. */
export function readReadme(): { present: string; wanted: string } {
  const present = readPage('README.md');
  if (!SECTION.test(present)) throw new Error('the README has no section of figures');
  const sentences = describeFigures(readPage('docs/performance.md'));
  const list = sentences.map((sentence) => `- ${sentence}\n`).join('');
  return {
    present,
    wanted: present.replace(SECTION, (_, begin: string, end: string) => `${begin}\n${list}\n${end}`),
  };
}

function describeFigures(performance: string): string[] {
  const row = (question: string, measure: string) => findRow(performance, question, measure);
  const [redis, postgres] = row('cold read', 'requests to Redis').ours.split(' + ');
  const stampede = row('1,000 simultaneous cold reads, 4 instances, 10 ms', 'loads');
  const race = row('a write during the load', 'answers');
  const hit = row('memory hit over HTTP, issued key', 'requests/s');
  const [, ms] = /evaluates it in (\d+) ms/.exec(performance) ?? [];
  const [, kilobytes] = /^\| all of it +\| +[\d.]+ \| +([\d.]+) \|/m.exec(performance) ?? [];
  return [
    `**${redis} request to Redis and ${postgres} to Postgres** is what a cold read costs, and a write, and 50 look-ups in one request.`,
    `**${leading(stampede.ours)} load** for 1,000 simultaneous cold reads in 4 isolates, at 10 ms a load; the libraries: ${rangeOf(stampede.peers)}.`,
    `**${race.ours} of 4** isolates keep an old row if a write overtakes a read; with each of the libraries ${rangeOf(race.peers)} of 4 do.`,
    `**${hit.ours} requests/s** from memory over HTTP on two cores, ${hit.ratio.split('x')[0]} of a bare Hono route; our aim is 0.9.`,
    `**${kilobytes} kB** compressed is the Worker, and workerd starts it in ${ms} ms of CPU time.`,
  ];
}

interface Row {
  readonly ours: string;
  readonly peers: string;
  readonly ratio: string;
}

function findRow(performance: string, question: string, measure: string): Row {
  const rows = performance.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const found = rows.find(
    ([, asked = '', measured = '']) => asked.startsWith(question) && measured.startsWith(measure),
  );
  if (!found) throw new Error(`docs/performance.md has no row of "${question}", "${measure}"`);
  const [, , , ours = '', peers = '', ratio = ''] = found;
  return { ours, peers, ratio };
}

const leading = (counts: string): string => counts.split(' + ')[0] ?? '';

/** The least and the most of the first counts of the peers, whose names may have digits too. */
function rangeOf(peers: string): string {
  const counts = peers
    .split(/, (?=[@a-z])/)
    .map((peer) => Number(/ ([\d,]+)(?: \+ [\d,]+)*$/.exec(peer)?.[1]?.replaceAll(',', '')));
  const [least, most] = [Math.min(...counts), Math.max(...counts)].map((count) => count.toLocaleString('en'));
  return least === most ? `${least}` : `${least} to ${most}`;
}

if (import.meta.main) writeFileSync(join(ROOT, 'README.md'), readReadme().wanted);
