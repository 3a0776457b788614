// Drives the product at rising rates. Prints the highest rate that it serves, its errors and the growth of its memory.
// Exits with 1 on errors and on growth.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { readCounts } from '../workerd/bridge-counts.ts';
import { AS_ROOT } from '../workerd/callers.ts';
import { type Inspector, openInspector } from '../workerd/inspector.ts';
import { accounts, type Product, startProduct } from '../workerd/product.ts';
import { FIRST_RESIDENT, settleResidents } from '../workerd/residents.ts';
import { CONNECTIONS, runStep, type Step } from './step.ts';
import { allPaths, makeTraffic, RESIDENTS } from './traffic.ts';
import { findKnee, growthPerRequest, type MemorySample } from './verdict.ts';

const SEED = 20_261_125;
const [FIRST_RATE, LAST_RATE, STEPS] = [100, 5_000, 10];
/** The cannons of a step start over a second. */
const BEGINNING_S = 1;
/** The interval at which local/dev.ts runs the scheduled handler. */
const DRAIN_INTERVAL_MS = 5_000;
const READERS = 16;
const MIB = 2 ** 20;
/** V8 has compiled the hot code by then, and memory is full. */
const WARM_UP_STEPS = 3;
/** The smallest object that V8 makes. A leak of one object for each request grows by this. */
const MOST_HEAP_PER_REQUEST = 12;
/**
 * The size of a sample varies by this: with the requests under way, and with the tags that memory remembers for its
 * lifetime.
 */
const HEAP_NOISE = MIB / 2;
/** V8 may add a semi-space to its young generation under load. Any further growth is a leak. */
const MOST_RESIDENT_GROWTH = 16 * MIB;

interface Row {
  readonly step: Step;
  readonly redis: number;
  readonly postgres: number;
  readonly memory: MemorySample;
}

const scheduler = {
  name: 'scheduler',
  main: fileURLToPath(new URL('../../test/processes/scheduler-worker.ts', import.meta.url)),
  compatibilityDate: accounts.compatibilityDate,
  flags: ['service_binding_extra_handlers'],
  services: [{ binding: 'ACCOUNTS', service: accounts.name }],
};

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
const secondsEach = Math.max(1, Math.round(Number(values.seconds) / STEPS - BEGINNING_S));

async function drive(product: Product): Promise<Row[]> {
  await settleResidents(product.postgresUrl, RESIDENTS);
  const usernames = await listUsernames(product.url);
  await readAll(product.url, allPaths(usernames));
  const inspector = await openInspector(product.workerd.inspectorUrl ?? '', accounts.name);
  const next = makeTraffic(SEED, usernames);
  const rows: Row[] = [];
  let answered = 0;
  for (let at = 0; at < STEPS; at += 1) {
    const ratePerS = Math.round(FIRST_RATE * (LAST_RATE / FIRST_RATE) ** (at / (STEPS - 1)));
    const before = await readCounts(product);
    const step = await runStep(product.url, ratePerS, secondsEach, next);
    const after = await readCounts(product);
    answered += step.answered;
    const memory = await measure(product, inspector, answered);
    rows.push({
      step,
      memory,
      redis: after.redis - before.redis,
      postgres: after.postgres - before.postgres,
    });
    print(rows.at(-1));
  }
  inspector.close();
  return rows;
}

/** The usernames of the residents, in the order of their ids. */
async function listUsernames(url: string): Promise<string[]> {
  const usernames: string[] = [];
  const read = async (from: number, to: number): Promise<void> => {
    for (let resident = from; resident < to; resident += 1) {
      const user = await readJson(`${url}/v1/users/${FIRST_RESIDENT + resident}`);
      usernames[resident] = (user as { username: string }).username;
    }
  };
  const share = RESIDENTS / READERS;
  await Promise.all(Array.from({ length: READERS }, (_, at) => read(at * share, (at + 1) * share)));
  return usernames;
}

async function readAll(url: string, paths: readonly string[]): Promise<void> {
  const left = [...paths];
  const read = async (): Promise<void> => {
    for (let path = left.pop(); path !== undefined; path = left.pop()) await readJson(`${url}${path}`);
  };
  await Promise.all(Array.from({ length: READERS }, read));
}

async function readJson(url: string): Promise<unknown> {
  const response = await fetch(url, { headers: AS_ROOT });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function measure({ workerd, url }: Product, inspector: Inspector, answered: number) {
  const { usedBytes, bufferBytes } = await inspector.measureHeap(() => fetch(`${url}/healthz`));
  const [, kib = 0] =
    /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${workerd.pid}/status`, 'utf8')) ?? [];
  return { answered, heapBytes: usedBytes + bufferBytes, residentBytes: Number(kib) * 1_024 };
}

const HEAD =
  '| asked/s | answered/s | p50 ms | p99 ms | to Redis | to Postgres | heap MiB | RSS MiB | errors |';

function print(row: Row | undefined): void {
  if (!row) return;
  const { step, redis, postgres, memory } = row;
  const cells = [
    step.ratePerS,
    Math.round(step.answeredPerS),
    step.p50Ms.toFixed(1),
    step.p99Ms.toFixed(1),
    percent(redis, step),
    percent(postgres, step),
    (memory.heapBytes / MIB).toFixed(2),
    (memory.residentBytes / MIB).toFixed(0),
    describeErrors(step.errors) || 'none',
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

function percent(requests: number, { answered }: Step): string {
  return `${((100 * requests) / answered).toFixed(1)}%`;
}

function describeErrors(errors: Step['errors']): string {
  return Object.entries(errors)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

/** Prints the verdict. Returns whether the run passed. */
function judge(rows: readonly Row[]): boolean {
  const knee = findKnee(rows.map(({ step }) => step));
  const errors = rows
    .flatMap(({ step }) => Object.values(step.errors))
    .reduce((sum, count) => sum + count, 0);
  const settled = rows.slice(WARM_UP_STEPS).map(({ memory }) => memory);
  const answered = (settled.at(-1)?.answered ?? 0) - (settled[0]?.answered ?? 0);
  const heapGrowth = growthPerRequest(settled, 'heapBytes') * answered;
  const mostHeap = Math.max(HEAP_NOISE, MOST_HEAP_PER_REQUEST * answered);
  const residentGrowth = growthPerRequest(settled, 'residentBytes') * answered;
  console.log(`
knee      ${knee === null ? 'none: not even the lowest rate is served' : `${knee.toLocaleString('en')} requests/s, over ${CONNECTIONS} connections`}
errors    ${errors}
heap      ${(heapGrowth / MIB).toFixed(2)} MiB more after ${answered.toLocaleString('en')} requests since warm-up; at most ${(mostHeap / MIB).toFixed(2)}
RSS       ${(residentGrowth / MIB).toFixed(1)} MiB more in that time; at most ${MOST_RESIDENT_GROWTH / MIB}`);
  return errors === 0 && heapGrowth <= mostHeap && residentGrowth <= MOST_RESIDENT_GROWTH;
}

const product = await startProduct({ isInspected: true, beside: () => [scheduler] });
const timer = setInterval(() => void fetch(product.urlOf(scheduler.name)).catch(() => {}), DRAIN_INTERVAL_MS);
try {
  console.log(`SEED=${SEED}\n${HEAD}\n${HEAD.replaceAll(/[^|]+/g, ' --- ')}`);
  const isWell = judge(await drive(product));
  if (!isWell) console.log(product.workerd.output.slice(-20).join('\n'));
  process.exitCode = isWell ? 0 : 1;
} finally {
  clearInterval(timer);
  await product.close();
}
