// Measures how long the checks and the tests take on an idle machine. Writes the table of CONTRIBUTING.md, and the
// durations by which test runs share out their files. Arguments are names of commands; the default is `check` and
// `test`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeMachine } from './machine.ts';

/** The part of vitest's JSON report that this script reads. */
interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly unknown[];
}

interface Row {
  readonly command: string;
  readonly files: string;
  readonly tests: string;
  readonly took: string;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = join(ROOT, 'CONTRIBUTING.md');
const SECTION = /(<!-- durations: npm run bench:tests -->\n)[^]*?(<!-- \/durations -->)/;
const COMMANDS = ['check', 'test', 'test:full', 'test:real'];
const BY_DEFAULT = ['check', 'test'];

async function measure(command: string, folder: string): Promise<Row> {
  const file = join(folder, 'report.json');
  const args = command === 'check' ? [] : ['--', ...reportersFor(command), `--outputFile=${file}`];
  const beganMs = performance.now();
  const child = spawn('npm', ['run', command, ...args], { cwd: ROOT, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  const took = `${Math.round((performance.now() - beganMs) / 1_000)} s`;
  if (code !== 0) throw new Error(`npm run ${command} failed: nothing is written`);
  if (command === 'check') return { command, files: '', tests: '', took };
  const report: Report = JSON.parse(await readFile(file, 'utf8'));
  return {
    command,
    files: `${report.testResults.length}`,
    tests: report.numPassedTests.toLocaleString('en'),
    took,
  };
}

function reportersFor(command: string): string[] {
  const reporters = ['default', 'json', './test/runner/slowest-files.ts'];
  // Only a short run writes durations: a file that takes long at full length may be quick in a short run.
  if (command === 'test') reporters.push('./test/runner/write-durations.ts');
  return reporters.map((name) => `--reporter=${name}`);
}

async function writePage(rows: readonly Row[]): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  if (!SECTION.test(page)) throw new Error('CONTRIBUTING.md has no section of durations');
  const written = rows.map(({ command, files, tests, took }): [string, string] => [
    command,
    `| \`npm run ${command}\` | ${files} | ${tests} | ${took} |`,
  ]);
  // A command that was not measured this time keeps its row.
  const kept = [...page.matchAll(/^\| `npm run (\S+)` +\| +\d* +\|.*\|$/gm)].map(
    ([line, command = '']): [string, string] => [command, line],
  );
  const known = new Map([...kept, ...written]);
  const lines = COMMANDS.flatMap((command) => known.get(command) ?? []);
  const table = ['| command | files | tests | took |', '| --- | --- | --- | --- |', ...lines].join('\n');
  const section = `\n${describeMachine()}.\n\n${table}\n\n`;
  await writeFile(
    PAGE,
    page.replace(SECTION, (_, begin: string, end: string) => `${begin}${section}${end}`),
  );
}

const named = process.argv.slice(2);
const unknown = named.filter((name) => !COMMANDS.includes(name));
if (unknown.length > 0)
  throw new Error(`there is no command ${unknown.join(', ')}; there are ${COMMANDS.join(', ')}`);
const folder = await mkdtemp(join(tmpdir(), 'edge-accounts-durations-'));
const rows: Row[] = [];
try {
  for (const command of named.length > 0 ? named : BY_DEFAULT) rows.push(await measure(command, folder));
} finally {
  await rm(folder, { recursive: true });
}
await writePage(rows);
