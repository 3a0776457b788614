// Runs every experiment and writes its tables and plots into docs. SEED replays a run.
import { readFile, writeFile } from 'node:fs/promises';
import { makeCharts } from './charts.ts';
import { makeExperiments } from './experiments.ts';
import { runAll } from './pool.ts';
import type { Results } from './results.ts';
import { drawChart } from './svg.ts';
import { makeTables } from './tables.ts';

const THREADS = 2;
const MS_PER_S = 1_000;
const seed = Number(process.env['SEED'] ?? 1);
const docs = new URL('../../docs/', import.meta.url);

async function runExperiments(): Promise<Results> {
  const experiments = makeExperiments(seed);
  const configs = experiments.flatMap((experiment) => experiment.configs);
  let done = 0;
  const report = (): void => void (++done % 10 === 0 && console.log(`${done} fleets have run`));
  const measures = await runAll(configs, THREADS, report);
  const all = configs.map((config, i) => ({ config, measures: measures[i] as (typeof measures)[0] }));
  let from = 0;
  return Object.fromEntries(
    experiments.map(({ name, configs: own }) => [name, all.slice(from, (from += own.length))]),
  );
}

function fill(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- fleet: ${name} -->`, `<!-- /fleet: ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/fleet.md has no place for ${name}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

async function writePage(results: Results): Promise<void> {
  const page = new URL('fleet.md', docs);
  const tables = Object.entries(makeTables(results, seed));
  const before = await readFile(page, 'utf8');
  await writeFile(
    page,
    tables.reduce((text, [name, table]) => fill(text, name, table), before),
  );
  for (const [name, chart] of Object.entries(makeCharts(results))) {
    await writeFile(new URL(`${name}.svg`, docs), drawChart(chart));
  }
}

console.log(`SEED=${seed}`);
const startedMs = performance.now();
await writePage(await runExperiments());
console.log(`${Math.round((performance.now() - startedMs) / MS_PER_S)} s`);
