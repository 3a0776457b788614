// Measures every outage of docs/failures.md and writes its table.
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { makeRandom } from '../../local/faults.ts';
import { readWorkerConfig } from '../../local/worker-config.ts';
import { startEngines } from './engines.ts';
import { nameRow, replaceTable, rows } from './failures-table.ts';
import { type Figures, figuresOf } from './outage-figures.ts';
import { runOutage, townSizes } from './outage-run.ts';
import type { Outage } from './outages.ts';
import { makeTown, settleTown } from './town.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = `${root}docs/failures.md`;
const seed = Number(process.env['SEED'] || 1);
const settings = {
  ratePerS: 200,
  leadMs: 2_000,
  outageMs: 20_000,
  afterMs: 5_000,
  mostUnanswered: Infinity,
  vars: {},
};

async function measureAll(): Promise<Map<Outage, Figures>> {
  const ttlMs = Number(readWorkerConfig(`${root}wrangler.toml`).vars['MEMORY_TTL_MS']);
  const measured = new Map<Outage, Figures>();
  const random = makeRandom(seed);
  const town = makeTown(townSizes(settings));
  const engines = await startEngines(seed);
  try {
    await settleTown(engines.postgresUrl, town);
    for (const outage of rows) {
      const run = await runOutage(engines, town, outage, { ...settings, random });
      for (const { question, reason } of run.samples.filter(({ verdict }) => verdict === 'wrong'))
        console.error(`${nameRow(outage)}: ${question.path} was answered wrongly: ${reason}`);
      measured.set(outage, figuresOf(run, ttlMs));
      console.log(nameRow(outage), measured.get(outage));
    }
  } finally {
    await engines.close();
  }
  return measured;
}

function describeRun(): string {
  const engines = [
    process.env['DATABASE_URL'] ? 'a Postgres server' : 'the embedded Postgres',
    process.env['REDIS_URL'] ? 'a Redis server' : 'the embedded Redis',
  ];
  const { ratePerS, outageMs } = settings;
  return `${ratePerS} requests/s for ${outageMs / 1_000} s each, on ${engines.join(' and ')}, ${availableParallelism()} cores, seed ${seed}.`;
}

const measured = await measureAll();
await writeFile(page, replaceTable(await readFile(page, 'utf8'), describeRun(), measured));
