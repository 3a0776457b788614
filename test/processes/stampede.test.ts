import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { scaled } from '../support/scale.ts';
import type { AccountProcess } from './account-process.ts';
import { ask } from './observations.ts';
import { type Processes, startProcesses } from './processes.ts';

const PROCESSES = 4;
const READS_EACH = 250;
const rounds = Array.from({ length: scaled(1, 10) }, (_, at) => at + 1);

let processes: Processes;
let token: string;

beforeAll(async () => {
  processes = await startProcesses(PROCESSES);
  const [writer] = processes.all;
  const written = writer && (await ask(writer, '/v1/accounts/2718-2818-2845/admin-user', {}, 'PUT'));
  token = written?.token ?? '';
});

afterAll(() => processes.close());

// Redis answers, and no process may take it for one that is out.
beforeEach(async () => {
  await processes.redis.open();
  await Promise.all(processes.all.map(untilRedisAnswers));
});

async function untilRedisAnswers(process: AccountProcess): Promise<void> {
  const read = () => ask(process, '/v1/users/1', { 'Cache-Control': 'max-age=0' });
  await expect.poll(async () => (await read()).cacheStatus, { interval: 10 }).toMatch(/^redis; hit/);
}

test.each(rounds)('four isolates make at most four loads for a thousand reads of a cold key (round %i)', () =>
  expectFewLoads({}),
);

test.each(rounds)('four isolates make at most four loads for a thousand reads with a token (round %i)', () =>
  expectFewLoads({ 'Consistency-Token': token }),
);

test.each(rounds)(
  'four isolates make at most four loads for a thousand reads while Redis is away (round %i)',
  async () => {
    await processes.redis.close();
    await expectFewLoads({});
  },
);

// Each isolate loads three times for simultaneous reads, and once more for each load's duration in which others come.
test.each(['max-age=0', 'no-cache'])(
  'a thousand reads with %s are all answered, by far fewer loads',
  async (directive) => {
    await expectFewLoads({ 'Cache-Control': directive }, (PROCESSES * READS_EACH) / 10);
  },
);

test('a thousand reads with the token of an invalidation that failed are all answered, by far fewer loads', async () => {
  await processes.redis.close();
  await expectFewLoads({ 'Consistency-Token': `pg:${Date.now()}` }, (PROCESSES * READS_EACH) / 10);
});

/** Sends all reads at once, the same number to each process. Every request to Postgres meanwhile is a load. */
async function expectFewLoads(headers: Record<string, string>, most = PROCESSES): Promise<void> {
  const user = await insertUser();
  const before = processes.postgres.counts().requests;
  const reads = processes.all.flatMap((process) =>
    Array.from({ length: READS_EACH }, () => ask(process, `/v1/users/${user.id}`, headers)),
  );
  const answers = await Promise.all(reads);
  const loads = processes.postgres.counts().requests - before;
  const kinds = new Set(answers.map(({ status, body }) => JSON.stringify({ status, body })));
  expect([...kinds].map((kind) => JSON.parse(kind) as unknown)).toEqual([
    { status: 200, body: expect.objectContaining(user) },
  ]);
  expect(loads).toBeGreaterThanOrEqual(1);
  expect(loads).toBeLessThanOrEqual(most);
}

async function insertUser(): Promise<{ id: number; username: string }> {
  const username = crypto.randomUUID();
  const [row] = await processes.sql(
    `insert into users (username, email) values ($1, 'user@example.com') returning id`,
    [username],
  );
  return { id: Number(row?.['id']), username };
}
