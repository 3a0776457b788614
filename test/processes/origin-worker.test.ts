import { afterAll, beforeAll, expect, test } from 'vitest';
import { scaled } from '../support/scale.ts';
import type { AccountProcess } from './account-process.ts';
import { type Gate, startGate } from './gate.ts';
import { ask } from './observations.ts';
import { type Processes, startProcesses } from './processes.ts';

const PROCESSES = 4;
const READS_EACH = 100;
const SKIP_MEMORY = { 'Cache-Control': 'max-age=0' };
const rounds = Array.from({ length: scaled(1, 3) }, (_, at) => at + 1);

let processes: Processes;
let gate: Gate;
/** Those whose origin Worker no test kills. */
const isolates = () => processes.all.slice(0, PROCESSES);

beforeAll(async () => {
  processes = await startProcesses(0);
  const { url } = await processes.startOrigin();
  // A test can stop a call on its way.
  gate = await startGate(url);
  await Promise.all(Array.from({ length: PROCESSES }, () => processes.start({}, url)));
});

afterAll(async () => {
  gate.close();
  await processes.close();
});

test.each(rounds)(
  'four isolates make at most four loads for hundreds of reads of a cold key (round %i)',
  async () => {
    const { id, username } = await insertUser();
    const before = processes.postgres.counts().requests;
    const reads = isolates().flatMap((process) =>
      Array.from({ length: READS_EACH }, () => ask(process, `/v1/users/${id}`)),
    );
    for (const { status, body } of await Promise.all(reads))
      expect({ status, body }).toMatchObject({ status: 200, body: { username } });
    const failed = isolates().flatMap(({ output }) => output.filter((line) => line.includes('_failed')));
    expect(failed, 'calls that fail cost loads of their own').toEqual([]);
    const loads = processes.postgres.counts().requests - before;
    expect(loads).toBeGreaterThanOrEqual(1);
    expect(loads).toBeLessThanOrEqual(PROCESSES);
  },
);

test('a call that is lost costs its readers a load of their own, and no more', async () => {
  const process = await processes.start({}, gate.url);
  const { id, username } = await insertUser();
  const held = gate.hold('answer', new RegExp(`"userId":${id}`));
  const reads = Array.from({ length: 20 }, () => ask(process, `/v1/users/${id}`));
  await held.come;
  held.drop();
  for (const { status, body } of await Promise.all(reads))
    expect({ status, body }).toMatchObject({ status: 200, body: { username } });
});

test('an origin Worker that is killed in the midst of calls is passed by', async () => {
  const origin = await processes.startOrigin();
  const mortal = await startGate(origin.url);
  const process = await processes.start({}, mortal.url);
  const users = await Promise.all(Array.from({ length: 8 }, insertUser));
  const held = mortal.hold('answer', /"userId"/);
  const first = ask(process, `/v1/users/${users[0]?.id}`);
  await held.come;
  await origin.kill();
  held.drop();
  const others = users.slice(1).map(({ id }) => ask(process, `/v1/users/${id}`));
  const names = (await Promise.all([first, ...others])).map(({ status, body }) => ({
    status,
    ...(body as object),
  }));
  expect(names).toMatchObject(users.map(({ username }) => ({ status: 200, username })));
  mortal.close();
});

test('a write is seen by the token it gave, whatever has become of the origin Worker', async () => {
  const origin = await processes.startOrigin();
  const process = await processes.start({}, origin.url);
  const [writer] = processes.all;
  const number = '2718-2818-2845';
  const path = `/v1/accounts/${number}/users`;
  expect((await ask(process, path)).status).toBe(200);
  await origin.kill();
  const { token } = await ask(writer as AccountProcess, `/v1/accounts/${number}/admin-user`, {}, 'PUT');
  const seen = await ask(process, path, { 'Consistency-Token': token ?? '', ...SKIP_MEMORY });
  expect(seen.body).toMatchObject({ items: [{ isStaff: true }] });
});

async function insertUser(): Promise<{ id: number; username: string }> {
  const username = crypto.randomUUID();
  const [row] = await processes.sql(
    `insert into users (username, email) values ($1, 'user@example.com') returning id`,
    [username],
  );
  return { id: Number(row?.['id']), username };
}
