import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { isDrawn } from '../support/scale.ts';
import { LOCAL_KEY, workerEnv } from '../../local/stack.ts';
import type { AccountProcess } from './account-process.ts';
import { bounds } from './bounds.ts';
import { startGate } from './gate.ts';
import { ask, startWatch } from './observations.ts';
import { type Processes, startProcesses } from './processes.ts';

const READERS = 4;
const MEMORY_TTL_MS = 1_000;
const EVERY_MS = 500;
const LEASE_MS = 10_000;
const MARGIN_MS = 250;
const US_PER_MS = 1_000;
const SKIP_MEMORY = { 'Cache-Control': 'max-age=0' };
const VARS = { MEMORY_TTL_MS: `${MEMORY_TTL_MS}`, DRAIN_EVERY_MS: `${EVERY_MS}` };

let processes: Processes;
let accounts = 0;

// No test of this file fires the scheduled handler.
beforeAll(async () => {
  processes = await startProcesses(READERS, VARS);
});
afterAll(() => processes.close());
beforeEach(() => processes.sql('delete from cache_invalidations'));

async function insertAccount(): Promise<string> {
  const number = `6000-0000-${String((accounts += 1)).padStart(4, '0')}`;
  await processes.sql(`insert into accounts (account_number, company_name) values ($1, 'Old Ltd')`, [number]);
  await processes.sql('delete from cache_invalidations');
  return number;
}

const isOld = ({ body }: { readonly body: unknown }) =>
  (body as { companyName: string }).companyName === 'Old Ltd';

/** Asks Redis in Upstash's protocol. */
async function redis(...command: string[]): Promise<unknown> {
  const headers = { Authorization: `Bearer ${LOCAL_KEY}` };
  const init = { method: 'POST', headers, body: JSON.stringify(command) };
  const { result } = (await (await fetch(processes.redis.url, init)).json()) as { result: unknown };
  return result;
}

function keyOf(name: string): string {
  const { DATABASE_ID } = workerEnv(processes.postgres.url, processes.redis.url, processes.postgresUrl);
  return `ea:{${DATABASE_ID}}:${name}`;
}

const drainedAtMs = async () => Number(await redis('GET', keyOf('drained'))) / US_PER_MS;
/** The processes that no test kills. */
const readers = () => processes.all.slice(0, READERS);
const readAll = (path: string) => Promise.all(readers().map((process) => ask(process, path)));

test('a write of anybody else is seen by four processes within the bound, though no cron fires', async () => {
  expect(bounds.elsewhere.up).toBe('read-and-drain-and-memory');
  const number = await insertAccount();
  const path = `/v1/accounts/${number}`;
  expect((await readAll(path)).every(isOld)).toBe(true);
  const watches = readers().map((process) => startWatch(process, path, () => ({})));
  await processes.sql(`update accounts set company_name = 'New Ltd' where account_number = $1`, [number]);
  const waiting = () => processes.sql('select from cache_invalidations where invalidated_at is null');
  await expect.poll(waiting, { interval: 10 }).toEqual([]);
  const endMs = performance.now() + MEMORY_TTL_MS;
  const seen = (await Promise.all(watches.map((watch) => watch.until(endMs + MARGIN_MS)))).flat();
  const late = seen.filter(({ sentAtMs }) => sentAtMs > endMs);
  expect(late.length).toBeGreaterThanOrEqual(watches.length);
  expect(late.filter((observation) => observation.status !== 200 || isOld(observation))).toEqual([]);
  const lines = readers()
    .flatMap(({ output }) => output)
    .filter((line) => line.includes('outbox_drained'));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.filter((line) => !line.includes('"by":"read"'))).toEqual([]);
});

if (isDrawn(0, 2))
  test('four busy processes make one statement per interval, all together', async () => {
    const path = `/v1/accounts/${await insertAccount()}`;
    await readAll(path);
    // A drain that these reads have set off is over when its time is noted.
    await expect.poll(() => redis('EXISTS', keyOf('draining')), { interval: 10 }).toBe(0);
    await processes.sql('delete from cache_invalidations');
    const [startMs, before] = [performance.now(), processes.postgres.counts().statements];
    const watches = readers().map((process) => startWatch(process, path, () => SKIP_MEMORY));
    const seen = await Promise.all(watches.map((watch) => watch.until(startMs + 8 * EVERY_MS)));
    const statements = processes.postgres.counts().statements - before;
    const mostDrains = (performance.now() - startMs) / EVERY_MS + 1;
    expect(statements).toBeGreaterThan(0);
    expect(statements).toBeLessThanOrEqual(mostDrains);
    // Each of them asked Redis, and none loaded anything.
    expect(seen.flat().filter(({ cacheStatus }) => !cacheStatus.startsWith('redis; hit'))).toEqual([]);
  });

if (isDrawn(1, 2))
  test('a process that is killed in the midst of its drain delays the next by its lease and no more', async () => {
    const gate = await startGate(processes.postgres.url);
    const env = workerEnv(gate.url, processes.redis.url, processes.postgresUrl);
    const victim: AccountProcess = await processes.start({ ...VARS, ...env });
    const path = `/v1/accounts/${await insertAccount()}`;
    await readAll(path);
    const held = gate.hold('request', /cache_invalidations/);
    // Only the victim reads from here on, until it is given a drain.
    await expect.poll(() => redis('EXISTS', keyOf('draining')), { interval: 10 }).toBe(0);
    const lastMs = await drainedAtMs();
    const reading = startWatch(victim, path, () => SKIP_MEMORY);
    await held.come;
    await reading.until(performance.now());
    await victim.kill();
    held.drop();
    const [seconds] = (await redis('TIME')) as [string, string];
    const msLeft = Number(await redis('PTTL', keyOf('draining')));
    expect(msLeft).toBeGreaterThan(0);
    expect(msLeft).toBeLessThanOrEqual(LEASE_MS);
    const watches = readers().map((process) => startWatch(process, path, () => SKIP_MEMORY));
    await expect.poll(drainedAtMs, { interval: 50 }).toBeGreaterThan(lastMs);
    expect(await drainedAtMs()).toBeGreaterThanOrEqual(1_000 * Number(seconds) + msLeft);
    await Promise.all(watches.map((watch) => watch.until(performance.now())));
    gate.close();
  });
