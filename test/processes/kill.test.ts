import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { workerEnv } from '../../local/stack.ts';
import { sampled, scaled, seed } from '../support/scale.ts';
import type { AccountProcess } from './account-process.ts';
import { type Death, deaths, type Gates } from './deaths.ts';
import { startGate } from './gate.ts';
import { ask, type Observation } from './observations.ts';
import { type Processes, startProcesses } from './processes.ts';

const ROUNDS = scaled(3, 100, 500);
const MAX_DELAY_MS = 25;
/** The survivor's memory may still hold the old state within its bound. These tests ask what Redis answers. */
const SKIP_MEMORY = { 'Cache-Control': 'max-age=0' };
const RELOAD = { 'Cache-Control': 'no-cache' };

let processes: Processes;
let gates: Gates;
let survivor: AccountProcess;
let victim: AccountProcess;

beforeAll(async () => {
  processes = await startProcesses(0, { ABSENT_FRESH_MS: '3600000' });
  gates = { postgres: await startGate(processes.postgres.url), redis: await startGate(processes.redis.url) };
  survivor = await startVictim();
  victim = await startVictim();
  // Redis knows the script by its digest from here on.
  await victim.drain();
  await ask(victim, `/v1/accounts/${await insertAccount(0)}/admin-user`, {}, 'PUT');
});

afterAll(async () => {
  gates.postgres.close();
  gates.redis.close();
  await processes.close();
});

const samples = fc.sample(
  fc.record({ death: fc.constantFrom(...deaths), delayMs: fc.integer({ min: 0, max: MAX_DELAY_MS }) }),
  { seed, numRuns: Math.max(ROUNDS - deaths.length, 0) },
);
const rounds = [
  ...sampled(deaths, Math.min(ROUNDS, deaths.length)).map((death) => ({ death, delayMs: 5 })),
  ...samples,
];

test.each(rounds.map((round, at) => ({ ...round, name: round.death.name, round: at + 1 })))(
  'killed $name (round $round, $delayMs ms), it loses nothing',
  async ({ death, delayMs, round }) => {
    const number = await insertAccount(round);
    const paths = await listPaths(number);
    await Promise.all(paths.map((path) => readAbsent(survivor, path)));

    await killDuringWrite(death, number, delayMs);
    const written = await countAdmins(number);
    if (death.writes !== undefined) expect(written).toBe(death.writes ? 1 : 0);
    if (death.invalidates !== undefined && written > 0) await expectHidden(death, paths);

    await victim.drain();
    await Promise.all(paths.map(expectSameEverywhere));
    await expectOneAdmin(number);
  },
);

/** Starts a new process in place of the killed one. */
async function killDuringWrite(death: Death, number: string, delayMs: number): Promise<void> {
  const killed = victim;
  const write = () => ask(killed, `/v1/accounts/${number}/admin-user`, {}, 'PUT').catch(() => {});
  try {
    await death.kill(killed, gates, write, delayMs);
  } finally {
    victim = await startVictim();
  }
}

function startVictim(): Promise<AccountProcess> {
  return processes.start(workerEnv(gates.postgres.url, gates.redis.url, processes.postgresUrl));
}

/** An account without members. No cache needs to hear of its creation. */
async function insertAccount(round: number): Promise<string> {
  const number = `6000-0000-${String(round).padStart(4, '0')}`;
  await processes.sql(`insert into accounts (account_number, company_name) values ($1, 'Any Ltd')`, [number]);
  await processes.sql('delete from cache_invalidations');
  return number;
}

/** Every look-up whose answer changes when the account gets its admin user, the next user with the next profile. */
async function listPaths(number: string): Promise<string[]> {
  const [next] = await processes.sql(`select
    (select last_value + 1 from users_id_seq) as user_id,
    (select last_value + 1 from user_profiles_id_seq) as profile_id`);
  return [
    `/v1/accounts/${number}/admin-user`,
    `/v1/accounts/${number}/users`,
    `/v1/accounts/${number}/user-profiles`,
    `/v1/users/by-username/${number}-admin`,
    `/v1/users/${String(next?.['user_id'])}`,
    `/v1/users/${String(next?.['user_id'])}/account`,
    `/v1/user-profiles/${String(next?.['profile_id'])}`,
    `/v1/user-profiles/${String(next?.['profile_id'])}/valid-resource-owners`,
  ];
}

/** Asks until Redis and the memory of the process hold the answer that there is none. */
async function readAbsent(process: AccountProcess, path: string): Promise<void> {
  const fromRedis = async () => (await ask(process, path, SKIP_MEMORY)).cacheStatus;
  await expect.poll(fromRedis, { interval: 5 }).toMatch(/^redis; hit/);
  const { cacheStatus, ...kept } = await ask(process, path);
  expect(cacheStatus).toMatch(/^isolate; hit/);
  expect(isAbsent(kept)).toBe(true);
}

/** Without an invalidation Redis still answers that there is none, and only the drain can mend it. */
async function expectHidden({ invalidates }: Death, paths: readonly string[]): Promise<void> {
  const answers = await Promise.all(paths.map((path) => ask(survivor, path, SKIP_MEMORY)));
  expect(answers.map(isAbsent)).toEqual(paths.map(() => !invalidates));
}

function isAbsent({ status, body }: Pick<Observation, 'status' | 'body'>): boolean {
  return status === 404 || (body as { items?: unknown[] }).items?.length === 0;
}

async function expectSameEverywhere(path: string): Promise<void> {
  const [restarted, surviving] = [await ask(victim, path), await ask(survivor, path, SKIP_MEMORY)];
  const truth = contentOf(await ask(survivor, path, RELOAD));
  expect({ path, answer: contentOf(restarted) }).toEqual({ path, answer: truth });
  expect({ path, answer: contentOf(surviving) }).toEqual({ path, answer: truth });
}

function contentOf({ status, body }: Observation): unknown {
  return status === 200 ? body : { status, code: (body as { code: string }).code };
}

/** Users named as admins of the account: none, or one with its profile. */
async function countAdmins(number: string): Promise<number> {
  // The batch of a killed process may still be running, and holds this lock.
  await processes.sql('select from accounts where account_number = $1 for update', [number]);
  const rows = await processes.sql(
    `select p.id, a.account_number from users u
     left join user_profiles p on p.user_id = u.id left join accounts a on a.id = p.account_id
     where u.username like $1`,
    [`${number}-admin%`],
  );
  expect(rows.filter((row) => row['account_number'] !== number)).toEqual([]);
  return rows.length;
}

/** A write that was cut off at any point can be repeated. */
async function expectOneAdmin(number: string): Promise<void> {
  const { status } = await ask(victim, `/v1/accounts/${number}/admin-user`, {}, 'PUT');
  expect([200, 201]).toContain(status);
  expect(await countAdmins(number)).toBe(1);
}
