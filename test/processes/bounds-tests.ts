import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { sampled, scaled } from '../support/scale.ts';
import { workerEnv } from '../../local/stack.ts';
import type { AccountProcess } from './account-process.ts';
import { type Bound, bounds, type Wait } from './bounds.ts';
import { beforeInvalidation, type Gates } from './deaths.ts';
import { startGate } from './gate.ts';
import { ask, type Observation, startWatch, type Watch } from './observations.ts';
import { type Processes, startProcesses } from './processes.ts';

/** A change of an answer whose old state every process knows. */
interface Change {
  readonly path: string;
  /** Resolves to the token, or to null for a writer that gets none. */
  write(): Promise<string | null>;
  isOld(seen: Observation): boolean;
}

interface Case {
  readonly name: string;
  readonly bound: Bound;
  readonly change: () => Promise<Change>;
  /** The processes that read, without the witness. */
  readonly readers: () => readonly AccountProcess[];
  readonly headers?: (token: string) => Record<string, string>;
}

const MEMORY_TTL_MS = 1_000;
/** The time for which readers go on after the bound. */
const MARGIN_MS = 250;
const LONG = { MEMORY_TTL_MS: '60000' };
const SKIP_MEMORY = { 'Cache-Control': 'max-age=0' };

let processes: Processes;
/** The writer and the witness keep answers in memory for a minute: only an invalidation or a demand ends them. */
let writer: AccountProcess;
let witness: AccountProcess;
/** The reader keeps answers for the lifetime on which the bound counts. */
let reader: AccountProcess;
/** This reader asks once, after the bound: an answer that is asked for often is refreshed before its end. */
let quietReader: AccountProcess;
let accounts = 0;
let gates: Gates;

const cases: Case[] = [
  {
    name: 'this service, read with its token',
    bound: bounds.token,
    change: () => createAdmin(writer),
    readers: () => [writer, reader],
    headers: (token) => ({ 'Consistency-Token': token }),
  },
  {
    name: 'this service, read in the same isolate',
    bound: bounds.sameIsolate,
    change: () => createAdmin(reader),
    readers: () => [reader],
  },
  {
    name: 'this service, read in another isolate',
    bound: bounds.otherIsolate,
    change: () => createAdmin(writer),
    readers: () => [reader],
  },
  {
    name: 'this service, killed between commit and invalidation',
    bound: bounds.unanswered,
    change: createAdminAndDie,
    readers: () => [reader],
  },
  {
    name: 'somebody else, read anywhere',
    bound: bounds.elsewhereInQuiet,
    change: renameCompany,
    readers: () => [reader],
  },
  {
    name: 'somebody else, read with no-cache',
    bound: bounds.noCache,
    change: renameCompany,
    readers: () => [writer, reader],
    headers: () => ({ 'Cache-Control': 'no-cache' }),
  },
];

/** The rows that a short run holds to their bounds with an origin Worker, too. */
const QUICK_PLACED: ReadonlySet<Bound> = new Set([bounds.token, bounds.otherIsolate, bounds.noCache]);

/** Registers the tests of every bound, for isolates that ask the stores, or an origin Worker in their place. */
export function testBounds({ isPlaced }: { readonly isPlaced: boolean }): void {
  const tested = isPlaced ? cases.filter(({ bound }) => scaled(QUICK_PLACED.has(bound), true)) : cases;

  beforeAll(() => startAll(isPlaced));

  afterAll(async () => {
    gates.postgres.close();
    gates.redis.close();
    await processes.close();
  });

  // A drain invalidates only what its own test has written.
  beforeEach(() => processes.sql('delete from cache_invalidations'));
  afterEach(() => processes.redis.open());

  test.each(tested)('Redis answers, and nothing is older than the bound: $name', holdWhileUp);
  test.each(sampled(tested, isPlaced ? 1 : 2))(
    'Redis is away, then back, and nothing is older than the bounds: $name',
    holdWhileAway,
  );
}

async function startAll(isPlaced: boolean): Promise<void> {
  processes = await startProcesses(0, { ABSENT_FRESH_MS: '3600000' });
  gates = { postgres: await startGate(processes.postgres.url), redis: await startGate(processes.redis.url) };
  const originUrl = isPlaced ? (await processes.startOrigin()).url : undefined;
  writer = await processes.start(LONG, originUrl);
  witness = await processes.start(LONG, originUrl);
  reader = await processes.start({ MEMORY_TTL_MS: `${MEMORY_TTL_MS}` }, originUrl);
  quietReader = await processes.start({ MEMORY_TTL_MS: `${MEMORY_TTL_MS}` }, originUrl);
}

async function holdWhileUp(tested: Case): Promise<void> {
  const change = await prepare(tested);
  const written = await writeWhileRead(tested, change);
  await expectHeldByWitness(change);
  await expectNothingOlder(written, tested.bound.up);
  await expectNewByDemand(tested, written);
}

async function holdWhileAway(tested: Case): Promise<void> {
  const change = await prepare(tested);
  await processes.redis.close();
  const written = await writeWhileRead(tested, change);
  await expectHeldByWitness(change);
  await expectNothingOlder(written, tested.bound.away);
  // The writer cannot invalidate in Redis, and must not forget to do so later.
  await writer.drain();

  await processes.redis.open();
  for (const process of [reader, quietReader]) await readOldFromRedis(process, change);
  const watches = startWatches(tested, change, () => written.token);
  await expectNothingOlder({ ...written, watches, atMs: performance.now() }, tested.bound.back);
  await expectNewByDemand(tested, written);
}

/** The empty account's list of users, until its admin user is created through `through`. */
async function createAdmin(through: AccountProcess): Promise<Change> {
  const path = `/v1/accounts/${await insertAccount()}`;
  return {
    path: `${path}/users`,
    isOld: ({ body }) => (body as { items: unknown[] }).items.length === 0,
    async write() {
      const { status, token } = await ask(through, `${path}/admin-user`, {}, 'PUT');
      expect(status).toBe(201);
      return token;
    },
  };
}

/** The same list. The process that creates the user is killed before its invalidation leaves. */
async function createAdminAndDie(): Promise<Change> {
  const victim = await startVictim();
  const { path, isOld } = await createAdmin(victim);
  const write = () => ask(victim, path.replace(/users$/, 'admin-user'), {}, 'PUT').catch(() => {});
  return {
    path,
    isOld,
    async write() {
      await beforeInvalidation.kill(victim, gates, write, 0);
      return null;
    },
  };
}

async function startVictim(): Promise<AccountProcess> {
  const urls = workerEnv(gates.postgres.url, gates.redis.url, processes.postgresUrl);
  const victim = await processes.start({ ...LONG, ...urls });
  // Redis knows the script by its digest from here on.
  await ask(victim, `/v1/accounts/${await insertAccount()}/admin-user`, {}, 'PUT');
  return victim;
}

/** The account, until somebody at a prompt renames it. */
async function renameCompany(): Promise<Change> {
  const number = await insertAccount();
  return {
    path: `/v1/accounts/${number}`,
    isOld: ({ body }) => (body as { companyName: string }).companyName === 'Old Ltd',
    async write() {
      await processes.sql(`update accounts set company_name = 'New Ltd' where account_number = $1`, [number]);
      return null;
    },
  };
}

async function insertAccount(): Promise<string> {
  const number = `5000-0000-${String((accounts += 1)).padStart(4, '0')}`;
  await processes.sql(`insert into accounts (account_number, company_name) values ($1, 'Old Ltd')`, [number]);
  await processes.sql('delete from cache_invalidations');
  return number;
}

/** Redis and the memory of every process hold the old answer. */
async function prepare(tested: Case): Promise<Change> {
  const change = await tested.change();
  for (const process of [writer, witness, reader, quietReader]) {
    await readOldFromRedis(process, change);
    expect(change.isOld(await ask(process, change.path))).toBe(true);
  }
  return change;
}

async function readOldFromRedis(process: AccountProcess, change: Change): Promise<void> {
  const read = () => ask(process, change.path, SKIP_MEMORY);
  // The breaker has learnt by then that Redis is back.
  await expect.poll(async () => (await read()).cacheStatus, { interval: 10 }).toMatch(/^redis; hit/);
  expect(change.isOld(await read())).toBe(true);
}

interface Written {
  readonly change: Change;
  readonly watches: readonly Watch[];
  readonly token: string | null;
  readonly atMs: number;
}

async function writeWhileRead(tested: Case, change: Change): Promise<Written> {
  const known: { token?: string | null } = {};
  const watches = startWatches(tested, change, () => known.token);
  const token = await change.write();
  // The time is read in the same tick: a request that is sent later carries the row's demand.
  known.token = token;
  return { change, watches, token, atMs: performance.now() };
}

/** Readers send the headers of the row once the token has arrived, or once it is clear that there is none. */
function startWatches(tested: Case, change: Change, token: () => string | null | undefined): Watch[] {
  const headers = () => {
    const known = token();
    return known === undefined ? {} : (tested.headers?.(known ?? '') ?? {});
  };
  return tested.readers().map((process) => startWatch(process, change.path, headers));
}

/** Without a demand, an isolate that the write has not reached answers from memory. The bound is therefore not idle. */
async function expectHeldByWitness(change: Change): Promise<void> {
  const seen = await ask(witness, change.path);
  expect(seen.cacheStatus).toMatch(/^isolate; hit/);
  expect(change.isOld(seen)).toBe(true);
}

async function waitFor(wait: Wait, sinceMs: number): Promise<number> {
  if (wait === 'nothing') return sinceMs;
  if (wait === 'memory') return sinceMs + MEMORY_TTL_MS;
  await writer.drain();
  expect(await processes.sql('select from cache_invalidations where invalidated_at is null')).toEqual([]);
  return performance.now() + MEMORY_TTL_MS;
}

/** No answer to a request after the bound is the one from before the write. */
async function expectNothingOlder({ change, watches, atMs }: Written, wait: Wait): Promise<void> {
  const endMs = await waitFor(wait, atMs);
  const quiet = wait === 'nothing' ? [] : [askQuietly(change, endMs)];
  const watched = watches.map((watch) => watch.until(endMs + MARGIN_MS));
  const seen = (await Promise.all([...watched, ...quiet])).flat();
  const late = seen.filter(({ sentAtMs }) => sentAtMs > endMs);
  // On a busy machine a watch may have time for only one request.
  expect(late.length).toBeGreaterThanOrEqual(watches.length + quiet.length);
  expect(late.filter((observation) => observation.status !== 200 || change.isOld(observation))).toEqual([]);
}

async function askQuietly({ path }: Change, afterMs: number): Promise<Observation[]> {
  await expect.poll(() => performance.now(), { interval: 5 }).toBeGreaterThan(afterMs);
  return [await ask(quietReader, path)];
}

/** The witness holds the old answer to the end. The demand of a reader makes it refuse that answer. */
async function expectNewByDemand({ headers }: Case, { change, token }: Written): Promise<void> {
  await expectHeldByWitness(change);
  if (headers) expect(change.isOld(await ask(witness, change.path, headers(token ?? '')))).toBe(false);
}
